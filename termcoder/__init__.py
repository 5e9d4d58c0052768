"""termcoder: a coding model that runs inside your terminal."""

__version__ = "0.1.0"
