"""The house rules of templates, each checked: what makes small models obey, and keeps the fixed part fixed.

- Imperatives without softeners: "please" makes small models answer the person instead of doing the task.
- Every input between delimiters of its own, or declared `inline` where it is short and of one line.
- Data first, the task after the last of it; nothing that changes in the fixed part, so that it is read only once.
- Declared variables are those used, and the name is the file's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from termcoder.errors import PromptError
from termcoder.prompts.delimiters import Block, find_blocks, names_in
from termcoder.prompts.reading import FENCE, parse
from termcoder.prompts.template import SPEAKERS, PromptTemplate

SOFTENERS = (
    "please", "kindly", "could you", "would you", "can you", "would like you to", "try to", "if possible", "maybe",
    "perhaps", "feel free to", "you may want to", "it would be nice", "thank you", "thanks",
)  # fmt: skip
DELIMITED = frozenset({"files"})
"""Variables whose values bring delimiters of their own."""
TASK = "-task"
"""How the names of tasks end whose fixed part is another file."""

_SOFT = re.compile(r"\b(?:" + "|".join(SOFTENERS).replace(" ", r"\s+") + r")\b", re.IGNORECASE)
_CHANGING = re.compile(
    r"\b(?:19|20)\d\d-\d\d-\d\d\b|\b\d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]m)?\b|\b(?:today|yesterday|tomorrow|tonight)\b",
    re.IGNORECASE,
)
_SAYS_WHAT_TO_DO = re.compile(r"\w{2,}")


@dataclass(frozen=True, slots=True)
class Complaint:
    """A rule that a file breaks. `line` counts from 1; 0: the file as a whole."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text}" if place else self.text


def check_file(path: Path) -> list[Complaint]:
    """Everything that is wrong with one file; one that can't be read is a complaint as well."""
    try:
        text = path.read_text(encoding="utf-8")
        template = parse(text, str(path))
    except (OSError, UnicodeDecodeError) as error:
        return [Complaint(str(path), 0, f"it can't be read: {error}")]
    except PromptError as error:
        return [Complaint(str(path), 0, str(error).replace(f"{path} ", "it ", 1))]
    found = list(complaints(template, text))
    if template.name != path.stem:
        found.append(Complaint(str(path), _line_of(text, "name"), f"its name is {template.name!r}, not the file's"))
    return sorted(found, key=lambda complaint: complaint.line)


def complaints(template: PromptTemplate, text: str) -> Iterator[Complaint]:
    """Every rule but that of the name. `text`: the whole file."""
    lines = text.splitlines()
    start = _body_start(lines)
    body = lines[start:]
    for at, said in (*_variables(template, lines, start), *_soft(body, start), *_bare(template, body, start)):
        yield Complaint(template.origin, at, said)
    for at, said in (*_fixed(template, body, start), *_task_last(template, body, start)):
        yield Complaint(template.origin, at, said)


Said = tuple[int, str]


def _variables(template: PromptTemplate, lines: list[str], start: int) -> Iterator[Said]:
    for name in sorted(template.variables - template.declared.keys()):
        at = next((n for n, line in enumerate(lines, 1) if n > start and name in names_in(line)), 0)
        yield at, f"${name} is not declared under [variables]"
    for name in sorted((template.declared.keys() | template.inline) - template.variables):
        at = next((n for n, line in enumerate(lines[:start], 1) if name in line), 0)
        yield at, f"${name} is declared, but not used"
    for name in sorted(name for name, about in template.declared.items() if not about.strip()):
        yield _line_of("\n".join(lines), name), f"${name} has no description"


def _soft(body: list[str], start: int) -> Iterator[Said]:
    blocks = find_blocks(body)
    for at, line in enumerate(body):
        if not any(block.holds(at) for block in blocks) and not _is_example(body, at):
            for match in _SOFT.finditer(line):
                yield start + at + 1, f"{match[0]!r} softens the task: write the imperative alone"


def _is_example(body: list[str], at: int) -> bool:
    """Whether a question or answer shown as an example stands here: all but the rules and the last question."""
    speakers = [n for n, line in enumerate(body) if line in SPEAKERS]
    mine = max((n for n in speakers if n <= at), default=-1)
    return mine >= 0 and body[mine] != "[system]" and (mine != speakers[-1] or body[mine] == "[assistant]")


def _bare(template: PromptTemplate, body: list[str], start: int) -> Iterator[Said]:
    """Inputs outside of delimiters."""
    blocks = find_blocks(body)
    allowed = template.inline | DELIMITED
    for at, line in enumerate(body):
        if not any(block.holds(at) for block in blocks):
            for name in sorted(names_in(line) - allowed):
                yield start + at + 1, f"${name} stands outside of delimiters: put it into a tag or fence of its own"


def _fixed(template: PromptTemplate, body: list[str], start: int) -> Iterator[Said]:
    """What changes in the part that is to stay the same."""
    if not template.is_picked and template.variables:
        return  # a task; its fixed part is another file
    end = max((at for at, line in enumerate(body) if line == "[user]"), default=len(body))
    if not template.is_picked and template.sections:
        return  # questions and answers shown as examples
    for at, line in enumerate(body[:end]):
        for name in sorted(names_in(line)):
            yield start + at + 1, f"${name} changes the fixed part: it belongs after [user]"
        for match in _CHANGING.finditer(line):
            yield start + at + 1, f"{match[0]!r} does not stay true: the fixed part names no time"


def _task_last(template: PromptTemplate, body: list[str], start: int) -> Iterator[Said]:
    """A model does best what it reads last."""
    if not (template.is_picked or template.name.endswith(TASK)):
        return  # a piece that says nothing to do
    blocks = find_blocks(body)
    inputs = [at for at, line in enumerate(body) if _is_input(body, at, blocks)]
    last = max((block.last for block in blocks for at in inputs if block.holds(at)), default=-1)
    last = max([last, *inputs])
    if not any(_SAYS_WHAT_TO_DO.search(line) for line in body[last + 1 :]) and inputs:
        yield start + last + 1, "the task must stand after the last input"


def _is_input(body: list[str], at: int, blocks: tuple[Block, ...]) -> bool:
    names = names_in(body[at])
    return bool(names & DELIMITED) or (bool(names) and any(block.holds(at) for block in blocks))


def _body_start(lines: list[str]) -> int:
    end = next(at for at, line in enumerate(lines[1:], 1) if line.strip() == FENCE)
    return end + 1


def _line_of(text: str, key: str) -> int:
    return next((n for n, line in enumerate(text.splitlines(), 1) if line.partition("=")[0].strip() == key), 0)
