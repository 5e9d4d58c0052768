# A chain of three: a missing file, wrapped twice.
class ConfigError < StandardError; end
class StartError < StandardError; end

def read_config(path)
  File.read(path)
rescue SystemCallError => e
  raise ConfigError, "can't read the configuration"
end

def start
  read_config("missing.yml")
rescue ConfigError
  raise StartError, "the shop can't open"
end

start
