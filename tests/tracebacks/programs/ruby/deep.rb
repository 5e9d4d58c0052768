# Endless recursion.
def ancestors(node)
  ancestors(node)
end

ancestors(1)
