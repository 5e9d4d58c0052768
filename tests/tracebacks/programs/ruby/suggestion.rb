# A misspelt name, with Ruby's own suggestion below the message.
def discount(percent)
  1 - precent / 100.0
end

discount(10)
