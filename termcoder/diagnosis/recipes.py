"""Fixes that need no model: for well-known errors, made by rule out of the line that failed.

A recipe takes the failing line's syntax tree and gives texts for the lines of its statement. Where several places of
the line could have failed, there is none: a wrong fix is worse than no fix.
"""

from termcoder.diagnosis.javascript_recipes import rewrites as javascript_rewrites
from termcoder.diagnosis.python_recipes import rewrites as python_rewrites
from termcoder.diagnosis.rewriting import Rewrite
from termcoder.tracebacks import LoggedError

__all__ = ["Rewrite", "rewrites"]

_JAVASCRIPT = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts")


def rewrites(path: str, text: str, line: int, error: LoggedError) -> tuple[Rewrite, ...]:
    """The recipes' fixes for an error at a line of a file. Never raises: where none fits, there are none."""
    if path.endswith(_JAVASCRIPT):
        return tuple(javascript_rewrites(path, text, line, error))
    if path.endswith((".py", ".pyw")):
        return tuple(python_rewrites(text, line, error))
    return ()
