"""The rows of a change set on the screen: what keeps them in place, and how they are drawn. Keys come on top of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from termcoder.diffs.model import ChangeSet, FileDiff, Scope, ScopeKind
from termcoder.review.finding import Finding
from termcoder.ui.widgets.code_lines import CursorScroll, crop_end
from termcoder.ui.widgets.diff_code import CodeTokens, HunkCode, drawn
from termcoder.ui.widgets.diff_drawing import (
    MARGIN,
    NARROW,
    CodeDrawing,
    DiffInk,
    counts,
    file_row,
    hunk_row,
    note_row,
)
from termcoder.ui.widgets.diff_file import UNKNOWN, FileRows, Kind
from termcoder.ui.widgets.diff_notes import GLYPHS, INKS, NoteRow, note_rows
from termcoder.ui.widgets.diff_rows import DiffRow, DiffRows, Spot
from termcoder.ui.widgets.highlight import lexer_of

SPLIT_FROM = 110
"""Cells from which on old and new have room side by side."""
NOTHING = {
    ScopeKind.STAGED: "Nothing is staged.\nStage changes with git add, or look at another scope.",
    ScopeKind.WORKTREE: "Nothing on the disk differs from the index.",
    ScopeKind.COMMIT: "This commit changes no file.",
    ScopeKind.PATCH: "This patch changes no file.",
}
"""What is shown of a scope without changes."""
_NO_DIFFERENCE = "No file differs."
_KEPT = 64  # hunks whose tokens and words are kept
_EMPTY = ChangeSet(Scope())


class DiffBody(CursorScroll):
    """Rows with a cursor; what it is on stays where it is on the screen while rows come and go around it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "diff--added",
        "diff--removed",
        "diff--added-word",
        "diff--removed-word",
    }
    DEFAULT_CSS = """
    DiffBody > .diff--added { background: $success 15%; }
    DiffBody > .diff--removed { background: $error 15%; }
    DiffBody > .diff--added-word { background: $success 40%; color: $foreground; text-style: bold; }
    DiffBody > .diff--removed-word { background: $error 40%; color: $foreground; text-style: bold; }
    """

    def __init__(self, placeholder: str = "", *, split: bool = False, **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._split = split
        self._set = _EMPTY
        self._rows = DiffRows()
        self._width = 0  # that findings were folded for
        self._numbers = 2  # line numbers before a line in one column
        self._two = False  # old and new are side by side
        self._unordered: set[int] = set()  # files whose lines are to be compared
        self._digits = 1
        self._codes: dict[tuple[int, int], HunkCode] = {}
        self._texts: dict[int, CodeTokens] = {}
        self._noted: dict[int, tuple[Finding, Sequence[NoteRow]]] = {}  # by the finding's id
        self._drawing: tuple[DiffInk, CodeDrawing] | None = None

    @property
    def change_set(self) -> ChangeSet:
        """What is shown."""
        return self._set

    @property
    def split(self) -> bool:
        """Whether old and new are wanted side by side; where there is no room for it they aren't."""
        return self._split

    @split.setter
    def split(self, split: bool) -> None:
        self._split = split
        self._fit()

    @property
    def is_split(self) -> bool:
        """Whether old and new are side by side."""
        return self._two

    # Rows

    @property
    def row_count(self) -> int:
        """See `LineScroll`."""
        return len(self._rows)

    def take(self, change_set: ChangeSet) -> None:
        """Show another change set, from its beginning."""
        self._set = change_set
        self._codes.clear()
        self._texts.clear()
        hides = self._rows.hides
        self._rows = DiffRows(change_set.files, split=self._two)
        self._rows.hides = hides
        self._digits = max(2, len(str(max(map(_last_line, change_set.files), default=1))))
        self.placeholder = "\n".join((NOTHING.get(change_set.scope.kind, _NO_DIFFERENCE), *change_set.notes))
        self._drawing = None

    def file_at(self, shown: DiffRow) -> FileRows:
        """The file of a row."""
        return self._rows.files[shown.file]

    @property
    def current(self) -> DiffRow:
        """The row under the cursor; there must be one."""
        return self._rows[self.cursor_row]

    @contextmanager
    def changing(self, files: Collection[int] | None = None, to: Spot | None = None) -> Iterator[None]:
        """Change what is shown of these files (None: of all) inside of this.

        The cursor's row, or `to`, the spot it goes to, ends up at the same height of the screen; where the cursor
        is out of sight, the first row in view does.
        """
        if not self.row_count:
            yield
            self._rows.rebuild(self.height_of, files)
            self.rows_changed()
            return
        seen = self.top <= self.cursor_row < self.top + self.body_height
        held_row = self.cursor_row if seen else min(self.top, self.row_count - 1)
        held, cursor, height = self._rows.spot(held_row), self._rows.spot(self.cursor_row), held_row - self.top
        yield
        self._rows.rebuild(self.height_of, files)
        cursor = to or cursor
        self._cursor = self._rows.find(cursor)
        self.rows_changed()
        self.scroll_to_row(self._rows.find(cursor if seen else held) - height)

    def on_resize(self) -> None:
        """Fold findings anew, and go to one column or two."""
        self._fit()
        super().on_resize()

    def _fit(self) -> None:
        """Make the rows fit the size and the wish for two columns."""
        two = self._split and self.size.width >= SPLIT_FROM
        turned = two != self._two
        if self.size.width == self._width and not turned:
            return
        noted = [number for number, file in enumerate(self._rows.files) if file.findings]
        with self.changing(None if turned else noted):
            self._width, self._two = self.size.width, two
            self._numbers = 2 if self._width >= NARROW else 1
            self._noted.clear()
            for file in self._rows.files:
                file.split = two
        if self._wanted is not None:
            self._wanted = self.cursor_row

    # Findings

    def put_findings(self, findings: Sequence[Finding], folded: Sequence[Finding]) -> None:
        """Stand these beside their lines; others go. A finding of a file that isn't shown is left out."""
        by_file: dict[int, tuple[list[Finding], list[Finding]]] = {}
        first = {file.diff.path: number for number, file in reversed([*enumerate(self._rows.files)])}
        for which, group in enumerate((findings, folded)):
            for finding in group:
                by_file.setdefault(self._file_of(finding, first), ([], []))[which].append(finding)
        changed = [n for n, file in enumerate(self._rows.files) if file.findings or n in by_file]
        with self.changing(changed):
            self._noted.clear()
            for number in changed:
                self._rows.files[number].take_findings(*by_file.get(number, ((), ())))

    def _file_of(self, finding: Finding, first: Mapping[str, int]) -> int:
        """Which file a finding is about: the one it names, if that has its path, else the first that has it, or -1."""
        files = self._rows.files
        if 0 <= finding.file < len(files) and files[finding.file].diff.path == finding.path:
            return finding.file
        return first.get(finding.path, -1)

    def height_of(self, finding: Finding) -> int:
        """How many rows a finding takes."""
        return len(self._note(finding))

    def _note(self, finding: Finding) -> Sequence[NoteRow]:
        if id(finding) not in self._noted:
            self._noted[id(finding)] = finding, note_rows(finding, self._width - 1 - self._indent - 2)
        return self._noted[id(finding)][1]

    # Drawing

    def is_marked(self, file: int, hunk: int, row: int) -> bool:
        """Whether a row of a hunk was chosen."""
        return False

    def notify_style_update(self) -> None:
        """See `LineScroll`."""
        super().notify_style_update()
        self._drawing = None

    def _tools(self) -> tuple[DiffInk, CodeDrawing]:
        if self._drawing is None or self._drawing[0].ink is not self.ink:
            ink = DiffInk(self.ink, self.get_component_rich_style)
            self._drawing = ink, CodeDrawing(ink, self._digits)
        self._drawing[1].left = self.left
        return self._drawing

    @property
    def _indent(self) -> int:
        """Cells before the code of a line in one column."""
        return MARGIN + (self._digits + 1) * self._numbers

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`."""
        shown, chosen = self._rows[row], row == self.cursor_row
        pointer = ("▌" if self.has_focus else "▏") if chosen else " "
        body = self._content(shown, max(1, width - 1))
        background = self.ink["title"] if shown.kind is Kind.FILE else None
        strip = Strip.join([Strip([Segment(pointer, self._pointer_style(background))], 1), body])
        return self.with_cursor(strip.crop(0, width), width) if chosen else strip

    def _pointer_style(self, background: Any) -> Any:
        return background + self.ink["sign"] if background is not None else self.ink["sign"]

    def _content(self, shown: DiffRow, width: int) -> Strip:
        """A row without the cursor's column."""
        draw = {
            Kind.FILE: self._file_row,
            Kind.GAP: self._gap_row,
            Kind.BETWEEN: self._between_row,
            Kind.HUNK: self._hunk_row,
            Kind.LINE: self._line_row,
            Kind.HIDDEN: self._hidden_row,
            Kind.FINDING: self._finding_row,
            Kind.FOLDED: self._folded_row,
        }[shown.kind]
        return draw(shown, width)

    def _file_row(self, shown: DiffRow, width: int) -> Strip:
        file = self.file_at(shown)
        found = f"{file.kept} finding{'s' * (file.kept != 1)}"
        facts = [counts(*file.counts)] * bool(file.diff.hunks) + [found] * bool(file.kept)
        sign = ("▸" if file.folded else "▾") if file.diff.hunks else " "
        return file_row(file.diff, sign, facts, width, self._tools()[0])

    def _hunk_row(self, shown: DiffRow, width: int) -> Strip:
        hunk = self.file_at(shown).diff.hunks[shown.hunk]
        ends = self._code(shown.file, shown.hunk).ends
        return self._indented(hunk_row(hunk, ends, width - MARGIN + 1, self._tools()[0]), MARGIN - 1)

    def _indented(self, strip: Strip, cells: int) -> Strip:
        return Strip.join([Strip([Segment(" " * cells)], cells), strip])

    def _muted(self, text: str, width: int, indent: int = MARGIN - 1) -> Strip:
        return Strip([Segment(crop_end(" " * indent + text, width), self.ink["note"])])

    def _gap_row(self, shown: DiffRow, width: int) -> Strip:
        return self._muted("⋯ more lines" if shown.what == UNKNOWN else _lines(shown.what), width)

    def _hidden_row(self, shown: DiffRow, width: int) -> Strip:
        return self._muted(_lines(shown.what), width, self._indent - 1)

    def _folded_row(self, shown: DiffRow, width: int) -> Strip:
        opened = self.is_looked_at(shown)
        what = f"{shown.what} folded finding{'s' * (shown.what != 1)}"
        text = f"▾ {what}" if opened else f"▸ {what}: enter shows {'them' if shown.what != 1 else 'it'}"
        return self._muted(text, width, self._indent - 1)

    def is_looked_at(self, shown: DiffRow) -> bool:
        """Whether the folded findings there are open."""
        return (shown.hunk, self._rows.row_of(shown)) in self.file_at(shown).looked_at

    def _finding_row(self, shown: DiffRow, width: int) -> Strip:
        file = self.file_at(shown)
        finding = file.findings[shown.what]
        pieces, indent = self._note(finding)[shown.part], self._indent - 1
        muted = shown.what >= file.kept
        strip = note_row(pieces, INKS[finding.severity], width - indent, self._tools()[0], muted=muted)
        return self._indented(strip, indent)

    def _between_row(self, shown: DiffRow, width: int) -> Strip:
        file = self.file_at(shown)
        text, gap = file.text or (), file.gap(shown.hunk)
        line = text[shown.at - 1] if shown.at <= len(text) else ""
        tokens = self._text_tokens(shown.file)[shown.at - 1]
        old, new = shown.at - gap.new + gap.old, shown.at
        room, draw = width - MARGIN + 1, self._tools()[1].plain
        if self._two:
            halves = _halves(room)
            row = self._side_by_side(draw(line, tokens, (old,), halves[0]), draw(line, tokens, (new,), halves[1]))
        else:
            row = draw(line, tokens, (old, new)[-self._numbers :], room)
        return self._indented(Strip(row, room), MARGIN - 1)

    def _side_by_side(self, left: list[Segment], right: list[Segment]) -> list[Segment]:
        return [*left, Segment("│", self.ink["gutter"]), *right]

    def _line_row(self, shown: DiffRow, width: int) -> Strip:
        file, room = self.file_at(shown), width - MARGIN + 1
        left, right = file.rows_at(shown.hunk, shown.at)
        if self._two:
            if not file.compares:
                self._compare_later(shown.file)
            halves = _halves(room)
            row = self._side_by_side(self._half(shown, left, 0, halves[0]), self._half(shown, right, 1, halves[1]))
        else:
            old, new = self._code(shown.file, shown.hunk).numbers(shown.at)
            row = self._cell(shown, shown.at, (old, new) if self._numbers == 2 else (new or old,), room)
        return Strip([*self._margin(shown, (left, right)), *row], width)

    def _half(self, shown: DiffRow, row: int | None, side: int, width: int) -> list[Segment]:
        """The old or the new side of a line, where it has that."""
        if row is None:
            return [Segment(" " * width, self.ink["text"])]
        return self._cell(shown, row, (self._code(shown.file, shown.hunk).numbers(row)[side],), width)

    def _cell(self, shown: DiffRow, row: int, numbers: Sequence[int | None], width: int) -> list[Segment]:
        sign, text = self.file_at(shown).diff.hunks[shown.hunk].rows[row]
        return self._tools()[1].cell(self._code(shown.file, shown.hunk), (row, sign, text), numbers, width)

    def _margin(self, shown: DiffRow, rows: Collection[int | None]) -> list[Segment]:
        """How bad the worst finding about a line is, and whether the line is chosen."""
        marked = any(row is not None and self.is_marked(shown.file, shown.hunk, row) for row in rows)
        found = self.findings_on(shown)
        glyph = Segment(GLYPHS[found[0].severity], self.ink[INKS[found[0].severity]]) if found else Segment(" ")
        return [glyph, Segment("✓" if marked else " ", self.ink["own"])]

    def findings_on(self, shown: DiffRow) -> Sequence[Finding]:
        """The findings about a line that are not folded, worst first."""
        file = self.file_at(shown)
        return file.findings_at(shown.hunk, self._rows.row_of(shown)) if file.kept else ()

    def _compare_later(self, file: int) -> None:
        if file not in self._unordered:
            self._unordered.add(file)
            self.call_later(self._compare)

    def _compare(self) -> None:
        """Put the alike lines of what is on the screen side by side."""
        files = [file for file in self._unordered if file < len(self._rows.files)]
        self._unordered.clear()
        with self.changing(files):
            for file in files:
                self._rows.files[file].compare()

    # What was worked out

    def _code(self, file: int, hunk: int) -> HunkCode:
        """What is known of a hunk; the oldest are forgotten."""
        if (file, hunk) not in self._codes:
            while len(self._codes) >= _KEPT:
                del self._codes[next(iter(self._codes))]
            diff = self._rows.files[file].diff
            self._codes[file, hunk] = HunkCode(diff.hunks[hunk], lexer_of("", diff.path))
        return self._codes[file, hunk]

    def _text_tokens(self, file: int) -> CodeTokens:
        if file not in self._texts:
            shown = self._rows.files[file]
            self._texts[file] = CodeTokens(lexer_of("", shown.diff.path), shown.text or ())
        return self._texts[file]

    def overhang(self, row: int) -> int:
        """See `LineScroll`."""
        shown = self._rows[row]
        if shown.kind is not Kind.LINE:
            return 0
        rows = self.file_at(shown).diff.hunks[shown.hunk].rows
        sides = {at for at in self.file_at(shown).rows_at(shown.hunk, shown.at) if at is not None}
        code = self._code(shown.file, shown.hunk)
        room = self.size.width - MARGIN - 1
        room = _halves(room)[0] if self._two else room
        gutter = (self._digits + 1) * (1 if self._two else self._numbers) + len(rows[0][0]) + 1
        longest = max(cell_len(drawn(rows[at][1]) + code.remark(at)) for at in sides)
        return longest - self.left - max(1, room - gutter)


def _halves(width: int) -> tuple[int, int]:
    """The cells of two columns with a line between them."""
    return (width - 1) // 2, width - 1 - (width - 1) // 2


def _lines(count: int) -> str:
    return f"⋯ {count:,} line{'s' * (count != 1)}"


def _last_line(diff: FileDiff) -> int:
    """The highest line number of a file's hunks."""
    last = diff.hunks[-1:] and diff.hunks[-1]
    return max(last.first_old + last.old_lines, last.first_new + last.new_lines) if last else 1
