"""The fixes that were found: what each has passed, who made it, when it is the right one."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from termcoder.diagnosis.fixes import Fix, Origin, Trial
from termcoder.edits.patch import unified
from termcoder.ui.commands import bindings_of
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.code_lines import on_background
from termcoder.ui.widgets.diagnosis_view import Paragraphs, Row, Span, wrapped

NO_FIXES = "No fixes yet."
_INDENT = 4  # cells before the text: a pointer, a number and a space


class FixList(Paragraphs, can_focus=True):
    """Fixes with a cursor that stays on its fix while others are found and ranked around it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("fixes")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"fixes--passed"}
    DEFAULT_CSS = """
    FixList > .fixes--passed { color: $text-success; text-style: bold; }
    """

    class FixChosen(Message):
        """The cursor went to another fix; None: there is none."""

        def __init__(self, fix: Fix | None) -> None:
            super().__init__()
            self.fix = fix

    class ApplyRequested(Message):
        """Apply this fix, after it was looked at."""

        def __init__(self, fix: Fix) -> None:
            super().__init__()
            self.fix = fix

    def __init__(self, placeholder: str = NO_FIXES, **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._fixes: tuple[Fix, ...] = ()
        self._dropped: tuple[tuple[str, int], ...] = ()
        self._busy = ""
        self._command = ""
        self._samples = 0
        self._cursor = 0
        self._starts = [0]  # the first row of each fix, and behind them of what follows

    def show(
        self,
        fixes: Sequence[Fix],
        *,
        dropped: Sequence[tuple[str, int]] = (),
        busy: str = "",
        command: str = "",
        samples: int = 0,
    ) -> None:
        """Show these fixes. `command`: what they were tried with; `samples`: how many the model was asked for."""
        before = self.chosen
        self._fixes, self._dropped, self._busy = tuple(fixes), tuple(dropped), busy
        self._command, self._samples = command, samples
        self._cursor = next((at for at, fix in enumerate(fixes) if before and fix.patch == before.patch), 0)
        after = self.chosen
        stays = before is after or (before is not None and after is not None and before.patch == after.patch)
        self.rewrap()
        self.refresh()  # the cursor's mark may be at other rows
        if not stays:
            self._show_cursor()
            self.post_message(self.FixChosen(after))

    @property
    def chosen(self) -> Fix | None:
        """The fix under the cursor."""
        return self._fixes[self._cursor] if self._fixes else None

    # Rows

    def rows_at(self, width: int) -> list[Row]:
        """See `Paragraphs`."""
        rows: list[Row] = []
        self._starts = []
        for number, fix in enumerate(self._fixes, 1):
            self._starts.append(len(rows))
            rows += self._fix_rows(number, fix, width)
        self._starts.append(len(rows))
        beneath = [text for text in (self._dropped_text(), one_line(self._busy)) if text]
        return rows + [row for text in beneath for row in wrapped([Span(text, "note")], width, Span("  · ", "note"), 4)]

    def _fix_rows(self, number: int, fix: Fix, width: int) -> Iterator[Row]:
        space = Span(" " * _INDENT)
        title = Span(one_line(fix.title) or "A change", "question")
        yield from wrapped([title], width, Span(f"{number:>3} ", "sign"), _INDENT)
        yield from wrapped([self._mark(fix), Span(f" · {self._origin(fix)}", "note")], width, space, _INDENT)
        if when := one_line(fix.when):
            yield from wrapped([Span(when, "note")], width, space, _INDENT)

    def _mark(self, fix: Fix) -> Span:
        """What the fix has passed, in words."""
        command = f"`{one_line(self._command)}`" if self._command else "the command"
        if fix.trial is Trial.PASSED:
            return Span(f"✓ verified: {command} passes with it", "fixes--passed")
        if fix.trial is Trial.FAILED:
            return Span(f"✗ {command} still fails with it", "error")
        if fix.checked:
            return Span("checked: applies and compiles")
        return Span(f"applies; not checked (no grammar for {_kind_of_file(fix)} here)", "tag")

    def _origin(self, fix: Fix) -> str:
        if fix.origin is Origin.RULE:
            return "by rule"
        if self._samples:
            return f"by the model, {fix.votes} of {self._samples} samples"
        return f"by the model, {fix.votes} samples" if fix.votes > 1 else "by the model"

    def _dropped_text(self) -> str:
        count = sum(number for _, number in self._dropped)
        if not count:
            return ""
        reasons = ", ".join(f"{number} {one_line(reason)}" for reason, number in self._dropped)
        return f"{count}{' more' if self._fixes else ''} {'was' if count == 1 else 'were'} dropped: {reasons}"

    # Drawing

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`; all rows of the chosen fix are marked."""
        strip = super().draw_row(row, width)
        if not self._fixes or row not in self._rows_of(self._cursor):
            return strip
        pointer = Strip([Segment("▌" if self.has_focus else "▏", self.ink["sign"])], 1)
        ground = self.ink["chosen" if self.has_focus else "resting"]
        return on_background(Strip.join([pointer, strip.crop(1)]), width, ground)

    def _rows_of(self, fix: int) -> range:
        return range(self._starts[fix], self._starts[fix + 1]) if fix + 1 < len(self._starts) else range(0)

    def _refresh_fix(self) -> None:
        rows = self._rows_of(self._cursor)
        shown = range(max(rows.start, self.top), min(rows.stop, self.top + self.size.height))
        if shown:
            self.refresh(Region(0, shown.start - self.top, self.size.width, len(shown)))

    def _show_cursor(self) -> None:
        """Scroll as little as needed; of a fix higher than the view its beginning is shown."""
        rows = self._rows_of(self._cursor)
        if rows:
            self.keep_in_view(rows.stop - 1)
            self.keep_in_view(rows.start)

    def on_resize(self) -> None:
        """See `LineScroll`; the cursor stays in view."""
        super().on_resize()
        self._show_cursor()

    def on_focus(self) -> None:
        """Show that keys go here."""
        self._refresh_fix()

    def on_blur(self) -> None:
        """Show that they no longer do."""
        self._refresh_fix()

    # Keys

    def action_next_fix(self) -> None:
        """Down one fix; from the last one to what is said beneath."""
        if self._cursor + 1 < len(self._fixes):
            self._go(self._cursor + 1)
        else:
            self.scroll_to_row(self.row_count)

    def action_previous_fix(self) -> None:
        """Up one fix."""
        self._go(max(0, self._cursor - 1))

    def action_choose_number(self, number: int) -> None:
        """To the fix with this number, where there is one."""
        if 1 <= number <= len(self._fixes):
            self._go(number - 1)

    def _go(self, fix: int) -> None:
        if fix != self._cursor:
            self._refresh_fix()
            self._cursor = fix
            self._refresh_fix()
            self.post_message(self.FixChosen(self.chosen))
        self._show_cursor()

    def action_apply(self) -> None:
        """Ask to apply the chosen fix."""
        if self.chosen:
            self.post_message(self.ApplyRequested(self.chosen))

    def action_copy_fix(self) -> None:
        """Ask for a copy of the chosen fix as a diff."""
        if self.chosen:
            self.post_message(self.CopyRequested(unified(self.chosen.patch), "patch"))

    def on_click(self, event: events.Click) -> None:
        """Choose the fix under the mouse; a click on the chosen one is Enter."""
        row = self.top + event.y
        fix = next((at for at in range(len(self._fixes)) if row in self._rows_of(at)), None)
        if fix is not None and fix == self._cursor:
            self.action_apply()
        elif fix is not None:
            self._go(fix)


def _kind_of_file(fix: Fix) -> str:
    """The file name's ending, by which grammars are found."""
    endings = (PurePosixPath(change.path).suffix for change in fix.patch.changes)
    return one_line(next(endings, "")) or "this file"
