"""A review as text that leaves the program: for people, for scripts, for other tools.

What it quotes is whatever a repository and a model wrote, so each format sees to it that none of it is taken for
the format's own signs.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the names alone are known before a review is made
    from termcoder.review.finding import Review

FORMATS = {  # what is made, by which module here
    "text": "text",
    "json": "json_object",
    "sarif": "sarif",
    "markdown": "markdown",
    "github": "github",
}


def render(review: "Review", name: str) -> str:
    """The review in one of `FORMATS`, without a newline at the end."""
    made: str = importlib.import_module(f"{__name__}.{FORMATS[name]}").render(review)
    return made
