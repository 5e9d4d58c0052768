"""The line at the bottom: engine state, model, context meter, speed, git branch."""

import time
from dataclasses import dataclass, field, replace
from typing import Any

from rich.text import Text
from textual.app import RenderResult
from textual.timer import Timer
from textual.widget import Widget

from termcoder.engine.base import EngineState, EngineStatus
from termcoder.ui.inert import one_line

MARKS = {
    EngineState.STOPPED: "○",
    EngineState.STARTING: "◌",
    EngineState.READY: "●",
    EngineState.FAILED: "✕",
}


@dataclass(frozen=True, slots=True)
class StatusLine:
    """What the bar shows. `exact` False puts a "~" before the tokens; 0 tokens per second hides the speed.

    `activity`: what a pane other than the chat is doing.
    """

    engine: EngineStatus = field(default_factory=EngineStatus)
    model: str = ""
    used_tokens: int = 0
    context_tokens: int = 0
    exact: bool = True
    tokens_per_second: float = 0.0
    branch: str = ""
    queued: int = 0
    generating: bool = False
    activity: str = ""


def engine_text(status: EngineStatus, now: float) -> str:
    """ "loading weights 40 % · 12 s": what the engine does, how far it is, for how long."""
    if status.state is not EngineState.STARTING:
        return str(status.state)
    percent = "" if status.fraction is None else f" {status.fraction:.0%}".replace("%", " %")
    return f"{status.activity or 'starting'}{percent} · {now - status.since:.0f} s"


def context_text(line: StatusLine) -> str:
    """ "1,234 / 8,192 tokens", or nothing while the context size is unknown."""
    if not line.context_tokens:
        return ""
    about = "" if line.exact else "~"
    return f"{about}{line.used_tokens:,} / {line.context_tokens:,} tokens"


def parts(line: StatusLine, now: float) -> list[str]:
    """The pieces of the bar in order of importance, empty ones left out."""
    state = "answering" if line.generating and line.engine.state is EngineState.READY else engine_text(line.engine, now)
    found = [
        f"{MARKS[line.engine.state]} {state}",
        one_line(line.activity),
        one_line(line.model),
        f"{line.queued} queued" if line.queued else "",
        context_text(line),
        f"{line.tokens_per_second:.1f} tok/s" if line.tokens_per_second else "",
        f"⎇ {one_line(line.branch)}" if line.branch else "",
    ]
    return [part for part in found if part]


class StatusBar(Widget):
    """Draws a StatusLine. Ticks once a second while the engine starts, and never otherwise."""

    DEFAULT_CSS = """
    StatusBar { height: 1; padding: 0 1; background: $panel; color: $foreground; }
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.line = StatusLine()
        self._timer: Timer | None = None

    def change(self, **values: Any) -> None:
        """Change fields of the line and redraw if one differs."""
        line = replace(self.line, **values)
        if line != self.line:
            self.line = line
            self._tick_if_needed()
            self.refresh()

    def render(self) -> RenderResult:
        """As many pieces as the width has room for."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for at, part in enumerate(parts(self.line, time.monotonic())):
            piece = part if at == 0 else f"  │  {part}"
            if at and text.cell_len + Text(piece).cell_len > self.size.width:
                break
            text.append(piece, style=self._style(at))
        return text

    def _style(self, at: int) -> str:
        if at == 0 and self.line.engine.state is EngineState.FAILED:
            return "bold reverse"
        return "bold" if at == 0 else ""

    def _tick_if_needed(self) -> None:
        starting = self.line.engine.state is EngineState.STARTING
        if starting and self._timer is None:
            self._timer = self.set_interval(1, self.refresh)
        elif not starting and self._timer is not None:
            self._timer.stop()
            self._timer = None
