"""The events a turn is made of. A screen, a pipe and a test all read the same ones."""

from dataclasses import dataclass

from termcoder.conversation import Turn
from termcoder.errors import TermcoderError


@dataclass(frozen=True, slots=True)
class Folded:
    """Turns `first` to `last`, counted from 1, went into the note; 0 and 0: it was made shorter, no more."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ContextReady:
    """The prompt is made. `dropped` names what did not fit; `exact` is False where tokens are estimated."""

    prompt_tokens: int
    context_tokens: int
    exact: bool = True
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerReady:
    """The answer is whole."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class TurnInterrupted:
    """The turn was cancelled; `turn` has what came until then."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The turn could not be finished; `turn` has what came until then."""

    turn: Turn
    error: TermcoderError


@dataclass(frozen=True, slots=True)
class TurnSaved:
    """The turn is on the disk."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class SaveFailed:
    """The turn is finished but not on the disk."""

    turn: Turn
    error: TermcoderError


@dataclass(frozen=True, slots=True)
class Working:
    """Something else than the model is at work on the turn: `activity` is a short phrase for people."""

    activity: str


@dataclass(frozen=True, slots=True)
class Translated:
    """The whole answer in the user's language, in place of what was streamed."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class TranslationFailed:
    """The answer stays as the model wrote it."""

    turn: Turn
    error: TermcoderError


TurnEvent = (
    Folded
    | Working
    | ContextReady
    | TextDelta
    | AnswerReady
    | TurnInterrupted
    | TurnFailed
    | TurnSaved
    | SaveFailed
    | Translated
    | TranslationFailed
)
