"""`python -m termcoder`. The guard matters: the engine's processes import this module again."""

from termcoder.cli import entry

if __name__ == "__main__":
    entry()
