# A RuntimeError without a message.
def stop
  raise ""
end

stop
