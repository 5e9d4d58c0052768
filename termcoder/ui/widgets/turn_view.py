"""One turn on the screen: what the engine says of it goes in, rows come out."""

from bisect import bisect_right
from itertools import accumulate
from typing import Protocol

from termcoder.conversation import Turn, TurnState
from termcoder.ui.widgets.blocks import Block, BlockSplitter
from termcoder.ui.widgets.ink import Ink
from termcoder.ui.widgets.parts import CodePart, Part, PlainPart, ProsePart, part_of

_ENDINGS = {
    TurnState.LENGTH: "stopped at the answer's token limit",
    TurnState.INTERRUPTED: "interrupted",
}


class TurnHost(Protocol):
    """What a turn needs of the transcript that shows it."""

    def turn_changed(self, view: "TurnView") -> None:
        """Its rows are others than before."""
        ...

    def text_arrived(self, view: "TurnView") -> None:
        """It has text that waits to be drawn, for the first time since its last `flush`: call that in a moment."""
        ...


class _Guess:
    """The height of a turn that was never seen."""

    def __init__(self, turn: Turn) -> None:
        texts = (turn.question, turn.answer)
        self._lines = 4 + sum(text.count("\n") for text in texts)
        self._chars = sum(len(text) for text in texts)

    def of(self, width: int) -> int:
        """Rows at this width, if a third of the text is in lines that are full."""
        return self._lines + self._chars // (3 * width)


class TurnView:
    """One turn. Belongs to a transcript, which draws it; nothing is split or drawn before it is to be seen."""

    def __init__(self, turn: Turn, host: TurnHost, *, streaming: bool, queued: bool = False) -> None:
        self.turn = turn
        self.streaming = streaming
        self._host = host
        self._splitter: BlockSplitter | None = None
        self._pending: list[str] = []
        self._head = self._make_head()
        self._shown: list[ProsePart | CodePart] = []
        self._parts: list[Part] = []
        self._guess = _Guess(turn)
        self._tops: tuple[int, list[int]] | None = None
        self._progress = "queued" if queued else ""
        self.changed_row = 0
        """The first row of the turn that the last change has touched."""

    # What happens to the turn

    def set_queued(self, queued: bool) -> None:
        """Show it as queued, or no longer so."""
        self._set_progress("queued" if queued else "")

    def set_waiting(self, text: str) -> None:
        """Say what happens before the first token ("reading 1,200 tokens…")."""
        self._set_progress(text)

    async def append(self, text: str) -> None:
        """Take the next piece of the answer; it is drawn a moment later, together with what follows."""
        self._pending.append(text)
        if len(self._pending) == 1:
            self._host.text_arrived(self)

    async def finish(self, turn: Turn) -> None:
        """Show the final state: the whole answer, how it ended, what it took."""
        self.flush()
        if turn.answer != self.answer:
            self._splitter = BlockSplitter(turn.answer)
            self._shown.clear()
        self.turn = turn
        self.streaming = False
        self._progress = ""
        self._update()
        self._host.turn_changed(self)

    def flush(self) -> bool:
        """Take the waiting text into the blocks; False where none waits."""
        if not self._pending:
            return False
        text = "".join(self._pending)
        self._pending.clear()
        self._progress = ""
        self._answer().feed(text)
        self._update()
        return True

    # What others ask of it

    @property
    def answer(self) -> str:
        """The answer so far, as Markdown source."""
        return (self._splitter.source if self._splitter else self.turn.answer) + "".join(self._pending)

    @property
    def in_code(self) -> bool:
        """Whether the answer so far ends inside a code block."""
        return bool(self._splitter and self._splitter.in_code)

    @property
    def has_pending(self) -> bool:
        """Whether text waits to be drawn."""
        return bool(self._pending)

    @property
    def is_built(self) -> bool:
        """Whether the answer was split into blocks; before that its height is a guess."""
        return bool(self._parts)

    def build(self) -> None:
        """Split the answer into blocks."""
        self._update()

    @property
    def parts(self) -> list[Part]:
        """Its parts in order."""
        if not self._parts:
            self._update()
            self._host.turn_changed(self)
        return self._parts

    @property
    def selectable(self) -> list[int]:
        """Indices of the parts that the block cursor stops at; the question is always the first."""
        return [index for index, part in enumerate(self.parts) if part.selectable]

    def height(self, width: int) -> int:
        """Rows at this width; an estimate for a turn that was never seen."""
        return self.tops(width)[-1] if self._parts else self._guess.of(width)

    def tops(self, width: int) -> list[int]:
        """The first row of each part, its gap included, and behind them the height of the turn."""
        if self._tops is None or self._tops[0] != width:
            heights = (part.gap + part.height(width) for part in self.parts)
            self._tops = (width, list(accumulate(heights, initial=0)))
        return self._tops[1]

    def index_at(self, row: int, width: int) -> int:
        """The part that row `row` of the turn belongs to."""
        return min(bisect_right(self.tops(width), row) - 1, len(self.parts) - 1)

    def settle(self, index: int, width: int, ink: Ink) -> int:
        """Make the height of a part exact; returns by how many rows it changed."""
        part = self.parts[index]
        before = part.height(width)
        part.settle(width, ink)
        change = part.height(width) - before
        if change:
            self._tops = None
        return change

    def resized(self) -> None:
        """A part changed its height by itself."""
        self._tops = None

    # How the parts are made

    def _answer(self) -> BlockSplitter:
        if self._splitter is None:
            self._splitter = BlockSplitter("" if self.streaming else self.turn.answer)
        return self._splitter

    def _set_progress(self, text: str) -> None:
        self._progress = text
        self._update()
        self._host.turn_changed(self)

    def _update(self) -> None:
        """Bring the parts up to date with the blocks; only the last two can have changed."""
        blocks, shown, tops = self._answer().blocks, self._shown, self._tops
        del shown[len(blocks) :]
        changed: tuple[int, int] | None = None
        for index in range(max(0, len(shown) - 2), len(blocks)):
            row = self._show_block(index, blocks[index])
            if changed is None and row is not None:
                changed = (len(self._head) + index, row)
        if shown and not self.streaming:
            shown[-1].close()
        self._set_parts(self._make_note(answered=bool(blocks)))
        self.changed_row = self._row_of(tops, changed)

    def _show_block(self, index: int, block: Block) -> int | None:
        """Let a part show a block; the first row of it that changes, None for none."""
        shown, stamp = self._shown, block.stamp
        if index < len(shown) and shown[index].block is block:
            if shown[index].stamp == stamp:
                return None
            row = shown[index].grow()
        else:
            shown[index:] = [part_of(block)]
            row = 0
        shown[index].stamp = stamp
        return row

    def _set_parts(self, note: Part | None) -> None:
        self._parts = [*self._head, *self._shown, *([note] if note else [])]
        self._tops = None

    @staticmethod
    def _row_of(tops: tuple[int, list[int]] | None, changed: tuple[int, int] | None) -> int:
        """The row of a place (part, row in it) as the parts lay before; 0, which is all, where that is not known."""
        if tops is None or changed is None:
            return 0
        part, row = changed
        return tops[1][min(part, len(tops[1]) - 1)] + row

    def _make_head(self) -> list[Part]:
        question = PlainPart(self.turn.question, "question", selectable=True)
        if not self.turn.attachments:
            return [question]
        names = ", ".join(attachment.path for attachment in self.turn.attachments)
        return [question, PlainPart(f"with {names}", "note", gap=0)]

    def _make_note(self, *, answered: bool) -> Part | None:
        if self.streaming:
            return PlainPart(self._progress, "note") if self._progress else None
        if self.turn.state is TurnState.FAILED:
            return PlainPart(f"✗ {self.turn.error or 'The answer failed.'}", "error")
        text = " · ".join(filter(None, (_ENDINGS.get(self.turn.state, ""), usage_line(self.turn))))
        return PlainPart(text or ("" if answered else "an empty answer"), "note") if text or not answered else None


def usage_line(turn: Turn) -> str:
    """Tokens and speed in a few words, or "" where nothing was counted."""
    usage = turn.usage
    if not usage.completion_tokens:
        return ""
    words = [f"{usage.completion_tokens:,} tokens"]
    if usage.tokens_per_second:
        words.append(f"{usage.tokens_per_second:.1f} tok/s")
    if usage.first_token_seconds >= 1:
        words.append(f"first after {usage.first_token_seconds:.1f} s")
    return " · ".join(words)
