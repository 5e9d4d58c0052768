import warnings

warnings.warn("prices() is old", DeprecationWarning)
print("Error: 0 problems")
print("no errors found, KeyError handling is on")
print("Exceptions: none")
