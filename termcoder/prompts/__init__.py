"""Instruction templates: `prompts/*.md`, TOML front matter between `+++` lines, then a body with `$variables`.

`string.Template` is the substitution because source code is full of braces, which it leaves alone. A template that a
user picks has a `[system]` section, the same from turn to turn so that the engine need not read it again, and a
`[user]` section: inputs between delimiters first, the task last.
"""

from termcoder.prompts.delimiters import fill
from termcoder.prompts.language import answered_in, reply_line
from termcoder.prompts.places import PICKED_FEATURE, Shelf, find, folders, nearest, shelf
from termcoder.prompts.reading import parse, read
from termcoder.prompts.template import Answer, Place, PromptSampling, PromptTemplate

__all__ = [
    "PICKED_FEATURE",
    "Answer",
    "Place",
    "PromptSampling",
    "PromptTemplate",
    "Shelf",
    "answered_in",
    "fill",
    "find",
    "folders",
    "nearest",
    "parse",
    "read",
    "reply_line",
    "shelf",
]
