"""What rules can do without a model, or with no more of one than a name."""

import keyword
import re

from termcoder.errors import RefactorError
from termcoder.refactoring.checking import CALLED, ONLY_NAMES, Proposal, by_rule
from termcoder.refactoring.extracting import Extraction, can_extract, extraction
from termcoder.refactoring.renaming import asked_names, renamed
from termcoder.refactoring.selecting import Selection

NO_MODEL = "made by rule, no model was used"
ONLY_A_NAME = "made by rule, the model gave the name only"

_GIVEN_NAME = re.compile(
    r"(?:(?:name|call|into)\s+(?:it\s+)?)?[`'\"]?(?P<name>[^\W\d]\w*)[`'\"]?\s*(?:\(\))?", re.IGNORECASE
)


def ruled(selection: Selection, template: str, instruction: str) -> Proposal | None:
    """The proposal that needs no model; None where one is needed. Raises RefactorError where a rule refuses."""
    if template == "rename" and (names := asked_names(instruction)):
        done = renamed(selection, *names)
        return by_rule(selection, done.text, (*done.notes, NO_MODEL), (ONLY_NAMES,))
    found = to_extract(selection, template)
    if found is not None and (name := given_name(instruction)):
        return extracted(found, name, NO_MODEL)
    return None


def to_extract(selection: Selection, template: str) -> Extraction | None:
    """What an extraction by rule does, where one is asked for and can be. Raises RefactorError."""
    if template != "extract-function" or not can_extract(selection):
        return None
    return extraction(selection)


def given_name(instruction: str) -> str:
    """The name that an instruction is, or gives; "" where it is more than one."""
    found = _GIVEN_NAME.fullmatch(instruction.strip())
    name = found["name"] if found else ""
    return "" if keyword.iskeyword(name) else name


def extracted(found: Extraction, name: str, note: str) -> Proposal:
    """The extraction under this name. Raises RefactorError where it is taken."""
    text = found.selection.text
    if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text):
        raise RefactorError(f"{name!r} is used in {found.selection.path} already.", remedy="Give another name.")
    return by_rule(found.selection, found.text(name), (note,), (CALLED,))


def free_name(found: Extraction, wanted: str) -> str:
    """`wanted`, or with a number behind it where the file uses it already."""
    usable = wanted.isidentifier() and not keyword.iskeyword(wanted)
    base = name = wanted if usable else "extracted"
    number = 1
    while re.search(rf"(?<!\w){re.escape(name)}(?!\w)", found.selection.text):
        number += 1
        name = f"{base}_{number}"
    return name
