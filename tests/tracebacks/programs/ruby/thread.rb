# An error in a thread, which its join raises again.
worker = Thread.new do
  Integer("ten")
end
worker.join
