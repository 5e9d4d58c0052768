# Errors that the program logs and goes on from.
require "logger"

def divide(amount, people)
  amount / people
end

log = Logger.new($stderr)
begin
  divide(10, 0)
rescue ZeroDivisionError => e
  log.error(e)
end
begin
  divide(10, nil)
rescue TypeError => e
  warn "#{e.class}: #{e.message}", e.backtrace
end
log.info("done")
