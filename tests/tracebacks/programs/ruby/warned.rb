# Warnings only.
LIMIT = 1
LIMIT = 2
def limit
  unused = 1
  LIMIT
end
puts limit
