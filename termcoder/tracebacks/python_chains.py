"""Tracebacks that belong together: causes, contexts, and the members of exception groups."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from termcoder.tracebacks.python_blocks import Block, indent_of, next_text, read_block
from termcoder.tracebacks.python_lines import frame_at, is_header, link_of
from termcoder.tracebacks.python_sheet import Sheet
from termcoder.tracebacks.report import Frame, LoggedError, Relation

_PROBED = frozenset({"ImportError", "ModuleNotFoundError"})
_ORIGINAL = ("Original exception was:", "Original Traceback (most recent call last):")
_COMPILED = (".pyx", ".pxd", ".pxi")
_DJANGO_TYPE = "Exception Type: "
_DJANGO_VALUE = "Exception Value:"


@dataclass(frozen=True, slots=True)
class Chain:
    """The errors of one failure; `end` is the line after it, `whole` says that nothing was missing."""

    errors: tuple[LoggedError, ...]
    end: int
    whole: bool
    django: bool = False

    @property
    def root(self) -> int:
        """The first error that the program didn't expect."""
        return next((index for index, error in enumerate(self.errors) if not error.handled), 0)


def read_chain(sheet: Sheet, start: int) -> Chain:
    """All tracebacks from `start` on that hang together. `start` is a header, a frame, a link or an exception."""
    return _Reading(sheet, start).chain()


class _Reading:
    def __init__(self, sheet: Sheet, start: int) -> None:
        self._sheet = sheet
        self._at = start
        self._whole = True
        self._django = False
        self._errors: list[LoggedError] = []

    def chain(self) -> Chain:
        self._whole = self._link() is None  # what comes before a link is missing
        while True:
            known = len(self._errors)
            self._block()
            self._original()
            if len(self._errors) == known or self._link() is None:
                break
        errors = _with_probes(tuple(self._errors))
        return Chain(errors, self._at, self._whole, self._django)

    def _block(self, insert_at: int | None = None) -> None:
        start, base, header = _opening(self._sheet, self._at)
        block = read_block(self._sheet, start, base)
        members = self._sheet.members.get(block.end, ())
        self._at = max(block.end, self._at)
        error = self._error(block)
        for member in members:
            self._errors += _members(member)
        self._whole = self._whole and block.whole and (header or not block.frames or block.frames[-1].function is None)
        if error:
            self._errors.insert(len(self._errors) if insert_at is None else insert_at, error)

    def _error(self, block: Block) -> LoggedError | None:
        number = self._sheet.numbers[block.at] if block.at < len(self._sheet.numbers) else 0
        if block.raised:
            return LoggedError(block.raised.type, block.raised.message, _placed(block.frames), number)
        if not block.frames:
            return None
        named = self._django_exception(block.end)
        if named:
            self._whole = True
            return LoggedError(*named, _placed(block.frames), self._sheet.numbers[self._at - 1])
        return LoggedError("Traceback", "", _placed(block.frames), block.frames[-1].at)

    def _django_exception(self, at: int) -> tuple[str, str] | None:
        """Django's report names the exception in a list after the frames, and earlier ones in the link only."""
        texts = self._sheet.texts
        following = next_text(texts, at, 3)
        if following is None or not texts[following].lstrip().startswith(_DJANGO_TYPE):
            return None
        self._django = True
        self._at = following + 1
        name = texts[following].strip().removeprefix(_DJANGO_TYPE).partition(" at /")[0]
        value = next_text(texts, following + 1, 2)
        if value is None or not texts[value].lstrip().startswith(_DJANGO_VALUE):
            return name, ""
        self._at = value + 1
        return name, texts[value].strip().removeprefix(_DJANGO_VALUE).strip()

    def _link(self) -> Relation | None:
        """Go over the sentence between two tracebacks, if one is there."""
        texts = self._sheet.texts
        at = next_text(texts, self._at, 4)
        if at is not None and texts[at].strip() == '"""':  # the end of another process's traceback
            self._at = at + 1
            at = next_text(texts, self._at, 4)
        link = link_of(texts[at].strip()) if at is not None else None
        if at is None or link is None:
            return None
        following = next_text(texts, at + 1, 4)
        self._at = at + 1 if following is None else following
        if self._errors:
            self._relate(*link)
        return link[0]

    def _relate(self, relation: Relation, message: str) -> None:
        last = self._errors[-1]
        if last.type == "Traceback" and message:
            last = replace(last, type="Exception", message=message)
        self._errors[-1] = replace(last, relation=relation)

    def _original(self) -> None:
        """The traceback of what happened first may come last: read it in its place."""
        at = next_text(self._sheet.texts, self._at, 2)
        if at is None or not self._errors:
            return
        if self._errors[-1].message.startswith("ray::") and frame_at(self._sheet.texts, at):
            self._at = at
        elif self._sheet.texts[at].strip() in _ORIGINAL:
            self._at = at if is_header(self._sheet.texts[at]) else at + 1
        else:
            return
        before, place = len(self._errors), len(self._errors) - 1
        self._block(insert_at=place)
        if len(self._errors) > before:
            self._errors[place] = replace(self._errors[place], relation=Relation.CONTEXT)


def _opening(sheet: Sheet, at: int) -> tuple[int, int, bool]:
    """Where the frames of a traceback begin, how far it is indented as a whole, and whether a header is there."""
    texts = sheet.texts
    if at >= len(texts):
        return at, 0, False
    header = is_header(texts[at])
    start = at + 1 if header else at
    first = next_text(texts, start, 3)
    base = indent_of(texts[at])
    if first is not None and frame_at(texts, first):
        inside = indent_of(texts[first])
        plain = header and texts[at].lstrip().startswith("Traceback")
        base = base if plain and base < inside else max(0, inside - 2)
    return start, base, header


def _members(sheet: Sheet) -> Iterator[LoggedError]:
    start = next_text(sheet.texts, 0, len(sheet.texts))
    if start is None:
        return
    errors = read_chain(sheet, start).errors
    yield from errors[:-1]
    if errors:
        yield replace(errors[-1], relation=Relation.MEMBER)


def _with_probes(errors: tuple[LoggedError, ...]) -> tuple[LoggedError, ...]:
    """Mark the failed imports that a program tried first, and had something else for."""
    if len(errors) < 2 or errors[-1].type in _PROBED:
        return errors
    probes = 0
    while errors[probes].type in _PROBED and errors[probes].relation is Relation.CONTEXT:
        probes += 1
    return (*(replace(error, handled=True) for error in errors[:probes]), *errors[probes:])


def _placed(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Frames of compiled modules have paths from where they were built: the user's own if their caller lies there."""
    if not any(_is_compiled(frame) for frame in frames):
        return frames
    own = [frame.file for frame in frames if frame.own and frame.file and not _is_compiled(frame)]
    folders = {part for file in own for part in _parts(file)[:-1]}
    return tuple(
        replace(frame, own=_parts(frame.file or "")[0] in folders) if frame.own and _is_compiled(frame) else frame
        for frame in frames
    )


def _is_compiled(frame: Frame) -> bool:
    file = frame.file or ""
    return file.endswith(_COMPILED) and not file.startswith(("/", "\\")) and ":" not in file


def _parts(file: str) -> list[str]:
    return file.replace("\\", "/").split("/")
