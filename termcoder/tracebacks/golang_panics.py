"""Go's panics, fatal errors and data races, uncaught and recovered."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from termcoder.tracebacks.golang_stacks import PLACE, Stack, is_stack_head, read_frames, read_stack
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation

_OPENS = re.compile(r"^(?P<before>.*?)(?<![\w-])(?P<word>panic|fatal error): ?(?P<message>.*)$")
_SERVING = re.compile(r"http2?: panic serving (?:\[[^\]]*\]|[^\s\[:]*)(?::\d+)?: ?(?P<message>.*)$")
_AGAIN = re.compile(r"^\s+panic: ?(?P<message>.*)$")
_RECOVERED = re.compile(r"\s*\[recovered(?:, re\w+)?\]\s*$")
_SIGNAL = re.compile(r"^\s*\[signal .*")
_STATUS = re.compile(r"^\s*exit status \d+\s*$")
_COMPOSED = re.compile(r"^[\w.-]+ +\|\s*$")  # what is left of an empty line of Docker Compose
_RACE = re.compile(r"^\s*WARNING: DATA RACE\s*$")
_ACCESS = re.compile(
    r"^\s*(?:Previous )?(?:atomic )?(?:read|write|Read|Write|Atomic read|Atomic write) (?:at|of) .*"
    r"by (?:goroutine (?P<id>\d+)|main goroutine).*:\s*$"
)
_CREATED_AT = re.compile(r"^\s*Goroutine (?P<id>\d+) .*created at:\s*$")
_SAYS = re.compile(r"(?:panic|recover)\w*(?: [\w@]+){0,3}\]?\s*[:=]\s*(?P<message>.*)$", re.IGNORECASE)
_KLOG = re.compile(r"^\s*F\d{4} [\d:.]+ +\d+ \S+\.go:\d+\] (?P<message>.*)$")
_COMPLAINS = re.compile(r"panic|recover|error|fatal|fail|crash", re.IGNORECASE)
_STAMP = re.compile(r"^\s*(?:\[?\d{4}[-/]\d\d[-/]\d\d[T ]?[\d:.,+Z-]*\]?\s*)?(?:\[?[A-Z]{4,8}\]?:?\s+)?")
_FATALS = (
    "all goroutines are asleep",
    "concurrent map",
    "stack overflow",
    "unexpected signal",
    "runtime: ",
    "out of memory",
)
_REACH = 60


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands above a stack: the messages of the panics in the order they happened, and where it ends."""

    messages: tuple[str, ...]
    ats: tuple[int, ...]
    notes: tuple[str, ...]
    end: int
    whole: bool


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """Every panic, fatal error and data race, in the order of the log."""
    done = 0
    for at, line in enumerate(lines):
        if at < done or not _is_telling(line):
            continue
        failure = _read(lines, at)
        if failure is not None:
            done = failure.last + 1
            yield failure
    if not done and lines:
        yield from _headless_frames(lines)


def _is_telling(line: str) -> bool:
    return (
        "panic:" in line
        or "goroutine " in line
        or "panic serving " in line
        or "fatal error: " in line
        or "WARNING: DATA RACE" in line
    )


def _read(lines: Sequence[str], at: int) -> Failure | None:
    line = lines[at]
    if _RACE.match(line):
        return _race(lines, at)
    if is_stack_head(line):
        return _bare_stack(lines, at)
    serving = _SERVING.search(line) if "panic serving " in line else None
    if serving:
        return _opened(lines, at, "panic", serving["message"], "served")
    opens = _OPENS.match(line)
    return _opened(lines, at, opens["word"], opens["message"], opens["before"].strip()) if opens else None


def _opened(lines: Sequence[str], at: int, word: str, message: str, before: str) -> Failure | None:
    head = _read_head(lines, at, message)
    if not head.whole and (before or not _is_sure(lines, head, word)):
        return None
    stacks = _read_stacks(lines, head.end) if head.whole else []
    end = stacks[-1].end if stacks else head.end
    last = end if end < len(lines) and _STATUS.match(lines[end]) else end - 1
    errors = _errors(word, head, _choose(stacks, head.messages[-1]))
    if before == "served":
        errors = tuple(replace(error, handled=True) for error in errors)
    certainty = Certainty.CERTAIN if stacks and not any(stack.cut for stack in stacks) else Certainty.LIKELY
    ends_program = {"": True, "served": False}.get(before)
    return Failure("go", word, errors, at, last, certainty=certainty, ends_program=ends_program)


def _read_head(lines: Sequence[str], at: int, message: str) -> _Head:
    texts, ats, notes = [[message]], [at], []
    stop = min(at + _REACH, len(lines))
    below = at + 1
    while below < stop and not is_stack_head(lines[below]):
        line = lines[below]
        again = _AGAIN.match(line)
        if again:
            texts.append([again["message"]])
            ats.append(below)
        elif _SIGNAL.match(line):
            notes.append(line.strip())
        elif _ends_head(line) or "panic:" in line:
            break
        elif not _COMPOSED.match(line):
            texts[-1].append(line)
        below += 1
    whole = below < stop and is_stack_head(lines[below])
    if not whole:
        texts, ats = _without_rest(texts, ats)
        below = ats[-1] + 1 + len(notes)
    return _Head(tuple(_message(text) for text in texts), tuple(ats), tuple(notes), min(below, len(lines)), whole)


def _without_rest(texts: list[list[str]], ats: list[int]) -> tuple[list[list[str]], list[int]]:
    """Without a stack below, nothing tells where a message ends: each is its first line."""
    return [text[:1] for text in texts], ats


def _ends_head(line: str) -> bool:
    return line.startswith(("panic: ", "fatal error: ", "FAIL\t", "--- ", "exit status ")) or bool(_RACE.match(line))


def _message(text: list[str]) -> str:
    """A message as the program gave it: the runtime indents its further lines by a tab."""
    rest = [line.removeprefix("\t").rstrip() for line in text[1:] if not line.startswith("runtime: ")]
    return _RECOVERED.sub("", "\n".join([text[0].rstrip(), *rest]).rstrip())


def _is_sure(lines: Sequence[str], head: _Head, word: str) -> bool:
    """Whether a head without a stack is Go's all the same."""
    if head.notes or (word == "fatal error" and any(known in head.messages[0] for known in _FATALS)):
        return True
    if word == "fatal error":
        return False
    below = "\n".join(lines[head.end : head.end + 3]).strip()
    return (
        not below or head.messages[0].startswith("runtime error: ") or below.startswith(("exit status 2", "goroutine"))
    )


def _read_stacks(lines: Sequence[str], at: int) -> list[Stack]:
    """The stacks of all goroutines, that of the failing one first."""
    stacks = []
    while at < len(lines) and is_stack_head(lines[at]):
        stack = read_stack(lines, at)
        stacks.append(stack)
        at = stack.end
        while at < min(stack.end + 2, len(lines)) and not lines[at].strip():
            at += 1
    return stacks


def _choose(stacks: Sequence[Stack], message: str) -> tuple[Frame, ...]:
    """The frames of the stack that tells the place; a test that timed out is another goroutine's."""
    if message.startswith("test timed out"):
        for stack in stacks:
            if any(frame.own for frame in stack.frames):
                return stack.frames
    goroutines = [stack for stack in stacks if stack.state] or list(stacks)
    running = [stack for stack in goroutines if stack.state.startswith("running")]
    return next((stack.frames for stack in [*running, *goroutines] if stack.frames), ())


def _errors(word: str, head: _Head, frames: tuple[Frame, ...]) -> tuple[LoggedError, ...]:
    """One error for each panic of the chain; a value that is only passed on is the same error."""
    chain = list(dict(zip(head.messages, head.ats, strict=True)).items())
    stacks = _split(frames, len(chain))
    relations = [Relation.CONTEXT] * (len(chain) - 1) + [Relation.ALONE]
    return tuple(
        LoggedError(word, message, tuple(reversed(stack)), at, relation, notes=head.notes)
        for (message, at), stack, relation in zip(chain, stacks, relations, strict=True)
    )


def _split(frames: tuple[Frame, ...], count: int) -> list[tuple[Frame, ...]]:
    """Each panic's part of a stack: below a call of `panic` is what led to it, above it what recovered from it."""
    calls = [index for index, frame in enumerate(frames) if frame.function == "panic" and index]
    if count == 1:
        caught = bool(calls) and any(frame.own for frame in frames[: calls[0]])
        return [frames[calls[0] :] if caught else frames]
    parts = [frames, *(frames[call:] for call in calls[: count - 1])]
    return [*reversed(parts + [()] * (count - len(parts)))]


def _bare_stack(lines: Sequence[str], at: int) -> Failure | None:
    """A stack that the program logged itself, below a line that says why, or one whose head is cut off."""
    stack = read_stack(lines, at)
    panicked = any(frame.function == "panic" for frame in stack.frames)
    above = lines[at - 1] if at else ""
    klog = _KLOG.match(above)
    complains = klog is not None or bool(_COMPLAINS.search(above))
    exits = stack.end < len(lines) and bool(_STATUS.match(lines[stack.end]))
    if not stack.frames or not (panicked or complains or exits):
        return None
    says = _SAYS.search(above)
    message = (klog or says or {"message": _STAMP.sub("", above, count=1)})["message"] if complains else ""
    word = "panic" if panicked or says or not complains else "error"
    caught = panicked and any((frame.function or "").startswith("runtime/debug.") for frame in stack.frames)
    frames = tuple(reversed(_split(stack.frames, 1)[0]))
    error = LoggedError(word, message.rstrip(), frames, at - complains, handled=caught)
    ends_program = True if exits else False if caught else None
    last = stack.end if exits else stack.end - 1
    return Failure("go", "panic", (error,), at - complains, last, certainty=Certainty.LIKELY, ends_program=ends_program)


def _headless_frames(lines: Sequence[str]) -> Iterable[Failure]:
    """What is left of a trace whose upper part is cut off: frames with their offsets, from the first lines on."""
    start = next((at for at, line in enumerate(lines[:_REACH]) if line[:1].isspace() and PLACE.match(line)), None)
    if start is None:
        return
    first = max(start - 1, 0)
    frames, end, _ = read_frames(lines, first)
    if not frames:
        first = start
        frames, end, _ = read_frames(lines, first)
    exits = end < len(lines) and bool(_STATUS.match(lines[end]))
    if frames and (exits or len(frames) > 1) and any(" +0x" in line for line in lines[first:end]):
        error = LoggedError("panic", "", tuple(reversed(frames)), first)
        last = end if exits else end - 1
        yield Failure("go", "panic", (error,), first, last, certainty=Certainty.LIKELY, ends_program=exits or None)


def _race(lines: Sequence[str], at: int) -> Failure | None:
    """The access that the detector caught, on top of where its goroutine was made; the earlier access is a note."""
    accesses: list[tuple[str, str | None, tuple[Frame, ...]]] = []
    made: dict[str, tuple[Frame, ...]] = {}
    below = at + 1
    while below < len(lines) and not lines[below].strip().startswith("=====") and not _RACE.match(lines[below]):
        line = lines[below]
        access, created = _ACCESS.match(line), _CREATED_AT.match(line)
        below += 1
        if access or created:
            frames, below, _ = read_frames(lines, below)
        elif line.strip():
            break
        if access:
            accesses.append((line.strip().removesuffix(":"), access["id"], frames))
        elif created:
            made[created["id"]] = frames
    if not accesses:
        return None
    message, goroutine, frames = accesses[0]
    stack = tuple(reversed((*frames, *made.get(goroutine or "", ()))))
    notes = tuple(_describe(text, earlier) for text, _, earlier in accesses[1:])
    error = LoggedError("DATA RACE", message, stack, at, notes=notes)
    last = below if below < len(lines) and lines[below].strip().startswith("=====") else below - 1
    return Failure("go", "race", (error,), at, last)


def _describe(text: str, frames: Sequence[Frame]) -> str:
    place = next((frame for frame in frames if frame.own), frames[0] if frames else None)
    return f"{text}, {place.function} ({place.file}:{place.line})" if place else text
