"""What only browsers write: the stacks of Firefox and Safari, and React's stacks of components."""

from collections.abc import Sequence

from termcoder.tracebacks.javascript_frames import gecko_frame, language_of, v8_frame
from termcoder.tracebacks.javascript_heads import Head, any_head, typed_head
from termcoder.tracebacks.javascript_stacks import Reading
from termcoder.tracebacks.report import Certainty, Failure, LoggedError, Relation

COMPONENTS = "The above error occurred in "


def failure_of(
    reading: Reading, form: str, first: int, *, ends: bool | None = None, certainty: Certainty = Certainty.CERTAIN
) -> Failure:
    """The failure that a reading is, in the language of its own innermost file."""
    frames = [frame for error in reading.errors for frame in error.frames if frame.file]
    own = next((error.frames for error in reading.errors if any(frame.own for frame in error.frames)), ())
    file = next((frame.file for frame in reversed(own) if frame.own), frames[0].file if frames else None)
    root = next((n for n, error in enumerate(reading.errors) if error.relation is not Relation.SUPPRESSED), 0)
    return Failure(
        language_of(file), form, reading.errors, first, reading.last, root, certainty=certainty, ends_program=ends
    )


def read_gecko(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """`f@http://…:10:5`, line by line, as Firefox and Safari write a stack."""
    frames = []
    last = at
    while last < len(lines) and (frame := gecko_frame(lines[last], last)) is not None:
        frames.append(frame)
        last += 1
    if not any(frame.line for frame in frames):
        return None
    above = next((n for n in range(at - 1, max(floor, at - 4) - 1, -1) if typed_head(lines[n], n)), None)
    head = Head("", "", at) if above is None else any_head(lines[above], above)
    error = LoggedError(head.type, head.message, tuple(reversed(frames)), head.at)
    certainty = Certainty.LIKELY if above is None else Certainty.CERTAIN
    return failure_of(Reading((error,), last - 1), "browser", head.at, certainty=certainty)


def read_components(lines: Sequence[str], at: int, floor: int) -> Failure | None:
    """React names the components around an error that was logged just before."""
    frames = []
    last = at
    for number in range(at + 1, min(len(lines), at + 300)):
        text = lines[number].strip()
        if text and not text.startswith(("at ", "in ")):
            break
        last = number if text else last
        frame = v8_frame(lines[number], number)
        frames += [] if frame is None else [frame]
    if any(line.lstrip().startswith("at ") for line in lines[max(0, at - 4) : at]) or not frames:
        return Failure("javascript", "react", (), at, last)
    error = LoggedError("Error", lines[at].strip(" :"), tuple(reversed(frames)), at)
    return failure_of(Reading((error,), last), "react", at, certainty=Certainty.LIKELY)
