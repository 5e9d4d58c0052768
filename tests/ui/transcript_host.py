"""An app with a transcript, a place to write, and the messages that came."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input

from termcoder.conversation import Attachment, Turn, TurnState, Usage
from termcoder.ui.widgets.transcript import Transcript

ANSWER = """Here is a small **example** with `inline code`.

## What to do

1. Install it:
   ```bash
   pip install thing
   ```
2. Use it

> Quoted *wisdom*

| name | value |
|------|------:|
| a    | 1     |

`src/thing.py`:

```python
@dataclass
class Thing:
    \"\"\"Doc.\"\"\"

    name: str = "x"  # comment
```

That is all.
"""
USAGE = Usage(prompt_tokens=100, completion_tokens=313, seconds=24.0, first_token_seconds=1.25)


def turn(number: int, answer: str = ANSWER, **fields: Any) -> Turn:
    return Turn(f"t{number}", f"Question {number}", answer, usage=USAGE, **fields)


EVERY_STATE = (
    turn(1, attachments=(Attachment("src/thing.py", "x"),)),
    turn(2, "Cut\n", state=TurnState.LENGTH),
    turn(3, "Half an", state=TurnState.INTERRUPTED),
    Turn("t4", "Question 4", state=TurnState.FAILED, error="The engine died. F5 starts it again."),
)


class TranscriptHost(App[None]):
    """Collects what the transcript asks for."""

    def __init__(self, *turns: Turn) -> None:
        super().__init__()
        self.turns = turns
        self.asked: list[Message] = []

    def compose(self) -> ComposeResult:
        yield Transcript()
        yield Input()

    async def on_mount(self) -> None:
        await self.query_one(Transcript).load(self.turns)

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    def on_transcript_copy_requested(self, message: Transcript.CopyRequested) -> None:
        self.asked.append(message)

    def on_transcript_save_requested(self, message: Transcript.SaveRequested) -> None:
        self.asked.append(message)

    def on_transcript_regenerate_requested(self, message: Transcript.RegenerateRequested) -> None:
        self.asked.append(message)

    def on_transcript_edit_requested(self, message: Transcript.EditRequested) -> None:
        self.asked.append(message)

    def on_transcript_focus_composer_requested(self, message: Transcript.FocusComposerRequested) -> None:
        self.asked.append(message)

    def screen_text(self) -> str:
        """What is painted, but for the mark of the place."""
        transcript = self.transcript
        return "\n".join(transcript.render_line(y).text.rstrip(" ▐") for y in range(transcript.size.height))


@asynccontextmanager
async def shown(
    *turns: Turn, size: tuple[int, int] = (80, 30), focus: str = "Transcript"
) -> AsyncIterator[tuple[TranscriptHost, Pilot[None]]]:
    app = TranscriptHost(*turns)
    app.AUTO_FOCUS = focus  # type: ignore[misc]  # a class variable by name only
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    """Let the program go on until `condition` holds; the suite's own time limit ends what never does."""
    while not condition():
        await pilot.pause(0.01)
