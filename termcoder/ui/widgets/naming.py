"""A file name for a block of an answer."""

from pathlib import PurePosixPath

from termcoder.ui.widgets.highlight import lexer_of
from termcoder.ui.widgets.parts import CodePart, Part


def suggested_name(part: Part) -> str:
    """The file the answer names for this code, else one after its language; prose is Markdown."""
    if not isinstance(part, CodePart):
        return f"{part.what}.md"
    return part.block.file_name or f"snippet{_extension(part.block.language)}"


def _extension(language: str) -> str:
    lexer = lexer_of(language)
    patterns = getattr(lexer, "filenames", None) or ["*.txt"]
    suffixes = (PurePosixPath(pattern).suffix for pattern in patterns if not set(pattern[1:]) & set("*?["))
    return next(filter(None, suffixes), ".txt")
