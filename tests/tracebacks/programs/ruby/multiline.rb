# A message of several lines.
class OrderError < StandardError; end

def check(order)
  raise OrderError, "the order is not valid:\n  quantity: must be positive\n  address: is missing"
end

check({})
