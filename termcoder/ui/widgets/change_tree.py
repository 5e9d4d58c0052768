"""The changed files in their folders, with what changes in them and what was found."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from termcoder.diffs.model import ChangeSet, FileDiff, Scope, Status
from termcoder.review.finding import Finding, Severity
from termcoder.ui.commands import bindings_of
from termcoder.ui.inert import one_line
from termcoder.ui.widgets.code_lines import CursorScroll, crop_end, crop_middle
from termcoder.ui.widgets.diff_drawing import counts
from termcoder.ui.widgets.diff_notes import GLYPHS, INKS

NO_FILES = "No changed files."
NARROW = 26
"""Below this width a file has no counts."""
_INKS = {
    Status.ADDED: "string",
    Status.COPIED: "string",
    Status.DELETED: "error",
    Status.MODIFIED: "tag",
    Status.RENAMED: "name",
    Status.TYPE_CHANGED: "tag",
    Status.UNMERGED: "error",
}


class _Row(NamedTuple):
    """A folder (`file` is -1), a file, or a note (`file` is -2).

    `path`: of a folder, or of the folder whose row a file is under. `name`: what is drawn.
    """

    depth: int
    path: str
    name: str
    file: int = -1


_NOTE = -2


@dataclass(slots=True)
class _Folder:
    """What is in a folder, in the order of the change set: folders, and files by their places."""

    entries: dict[str, "_Folder | int"] = field(default_factory=dict)


_END = _Folder()


class ChangeTree(CursorScroll, can_focus=True):
    """Folders and files; folders can be folded, and those with one entry share its row."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("changes")

    class FileChosen(Message):
        """The cursor went to a file of the change set. `entered`: by Enter, to go to its changes."""

        def __init__(self, index: int, *, entered: bool = False) -> None:
            super().__init__()
            self.index = index
            self.entered = entered

    def __init__(self, placeholder: str = NO_FILES, **kwargs: Any) -> None:
        super().__init__(placeholder, **kwargs)
        self._set = ChangeSet(Scope())
        self._totals = (0, 0)
        self._counts: list[tuple[int, int]] = []
        self._folded: set[str] = set()
        self._found: dict[str, Counter[Severity]] = {}
        self._list: list[_Row] = []
        self._loaded = False

    def load(self, change_set: ChangeSet) -> None:
        """Show a change set's files; the cursor and folded folders stay as far as the paths are the same."""
        kept = self._path_here()
        self._set, self._loaded = change_set, True
        self._counts = [(file.added, file.deleted) for file in change_set.files]
        self._totals = sum(added for added, _ in self._counts), sum(deleted for _, deleted in self._counts)
        self._build()
        self._go_to(lambda row: self._path(row) == kept)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Mark the files that these are about, in place of earlier ones."""
        self._found = {}
        for finding in findings:
            self._found.setdefault(finding.path, Counter())[finding.severity] += 1
        self.refresh()

    def follow(self, index: int) -> None:
        """Put the cursor on a file, without a word to anybody; its folders are opened."""
        if not 0 <= index < len(self._set.files) or index == self.file:
            return
        path = self._set.files[index].path
        hiding = {folder for folder in self._folded if path.startswith(folder)}
        if hiding:
            self._folded -= hiding
            self._build()
        self._go_to(lambda row: row.file == index)

    @property
    def file(self) -> int | None:
        """The file under the cursor; None on a folder."""
        row = self._here
        return row.file if row is not None and row.file >= 0 else None

    # Rows

    @property
    def header(self) -> int:
        """See `LineScroll`: the title."""
        return 1 if self._loaded else 0

    @property
    def row_count(self) -> int:
        """See `LineScroll`."""
        return len(self._list)

    def selectable(self, row: int) -> bool:
        """See `CursorScroll`."""
        return self._list[row].file != _NOTE

    @property
    def _here(self) -> _Row | None:
        return self._list[self.cursor_row] if self.cursor_row < len(self._list) else None

    def _path_here(self) -> str:
        row = self._here
        return "" if row is None else self._path(row)

    def _path(self, row: _Row) -> str:
        """The path of a file; that of a folder ends with a slash."""
        return self._set.files[row.file].path if row.file >= 0 else row.path

    def _build(self) -> None:
        self._list = [*_tree_rows(_folders(self._set.files), self._folded)]
        self._list += [_Row(0, "", note, _NOTE) for note in self._set.notes]
        self.rows_changed()

    def _go_to(self, wanted: Callable[[_Row], bool]) -> None:
        """Put the cursor on the first row that is wanted, or else on the first file."""
        places = [at for at, row in enumerate(self._list) if row.file != _NOTE and wanted(row)]
        places += [at for at, row in enumerate(self._list) if row.file >= 0]
        self.place_cursor(places[0] if places else 0)
        self.keep_in_view(self.cursor_row)

    # Drawing

    def draw_header(self, width: int) -> Strip:
        """What is compared, how many files, and how much changes in them."""
        files, name = len(self._set.files), one_line(str(self._set.scope))
        name = name[:1].upper() + name[1:]
        facts = [f"{files:,} file{'s' * (files != 1)}"] + [counts(*self._totals)] * bool(files)
        while facts and cell_len(" · ".join((name, *facts))) > width - 1:
            facts.pop()
        title, rest = self.ink["title"], "".join(f" · {fact}" for fact in facts)
        name = crop_middle(name, max(1, width - 1 - cell_len(rest)))
        return Strip([Segment(f" {name}", title), Segment(rest, title + Style(bold=False))])

    def draw_row(self, row: int, width: int) -> Strip:
        """See `LineScroll`."""
        shown = self._list[row]
        chosen = row == self.cursor_row and shown.file != _NOTE
        pointer = ("▌" if self.has_focus else "▏") if chosen else " "
        content = self._content(shown, max(1, width - 1))
        strip = Strip.join([Strip([Segment(pointer, self.ink["sign"])], 1), content])
        return self.with_cursor(strip, width) if chosen else strip

    def _content(self, row: _Row, width: int) -> Strip:
        if row.file == _NOTE:
            return Strip([Segment(crop_end(one_line(row.name), width), self.ink["note"])])
        left = self._folder(row, width) if row.file < 0 else self._file(row)
        right = self._facts(row, width)
        name = one_line(row.name) + ("/" if row.file < 0 else "")
        room = max(1, width - left.cell_length - right.cell_length - 1)
        style = self.ink["note" if row.file >= 0 and self._set.files[row.file].skipped else "text"]
        whole = Strip.join([left, Strip([Segment(crop_middle(name, room), style)])])
        whole = whole.adjust_cell_length(max(0, width - right.cell_length))
        return Strip.join([whole, right]).crop(0, width)

    def _folder(self, row: _Row, width: int) -> Strip:
        indent = " " * min(2 * row.depth, width // 3)
        return Strip([Segment(indent + ("▸ " if row.path in self._folded else "▾ "), self.ink["gutter"])])

    def _file(self, row: _Row) -> Strip:
        status = self._set.files[row.file].status
        indent = " " * min(2 * row.depth, self.size.width // 3)
        return Strip([Segment(indent), Segment(f"{status} ", self.ink[_INKS[status]] + Style(bold=True))])

    def _facts(self, row: _Row, width: int) -> Strip:
        """What was found, and how much changes or why it is not reviewed; of a folder, as far as it is folded."""
        if row.file < 0 and row.path not in self._folded:
            return Strip([])
        pieces = [*self._found_pieces(row)]
        if width >= NARROW and row.file >= 0:
            skipped = self._set.files[row.file].skipped
            amount = crop_end(one_line(skipped), width // 2) if skipped else counts(*self._counts[row.file])
            pieces.append(Segment(f" {amount}", self.ink["note"]))
        return Strip(pieces)

    def _found_pieces(self, row: _Row) -> Iterator[Segment]:
        found = self._found_in(row)
        if found:
            worst = max(found)
            yield Segment(f" {GLYPHS[worst]}{found.total()}", self.ink[INKS[worst]])

    def _found_in(self, row: _Row) -> Counter[Severity]:
        """How many findings of each severity a file has, or the files of a folder."""
        if row.file >= 0:
            return self._found.get(self._path(row), Counter())
        return sum((found for path, found in self._found.items() if path.startswith(row.path)), Counter())

    # Keys

    def moved(self) -> None:
        """Say which file the cursor is on."""
        self._tell()

    def _tell(self, *, entered: bool = False) -> None:
        if self.file is not None:
            self.post_message(self.FileChosen(self.file, entered=entered))

    def action_choose(self) -> None:
        """Go to the file's changes; fold a folder, or open it."""
        if self.file is not None:
            self._tell(entered=True)
        else:
            self.action_toggle_fold()

    def action_toggle_fold(self) -> None:
        """Fold this folder, or open it; on a file, fold the folder it is in."""
        row = self._here
        if row is None or row.file == _NOTE:
            return
        path = row.path
        if path:
            self._folded ^= {path}
            self._build()
            self._go_to(lambda row: row.path == path and row.file < 0)

    def action_copy(self) -> None:
        """Ask for a copy of the path."""
        row = self._here
        if row is not None and row.file != _NOTE:
            text = self._path(row).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            self.post_message(self.CopyRequested(text, "path"))


def _folders(files: Sequence[FileDiff]) -> _Folder:
    """The files in their folders; a patch may name a file more than once."""
    root = _Folder()
    for index, file in enumerate(files):
        *parents, name = file.path.split("/")
        folder = root
        for parent in parents:
            inner = folder.entries.setdefault(f"{parent}/", _Folder())
            folder = inner if isinstance(inner, _Folder) else folder
        folder.entries[f"{name}\0{index}"] = index
    return root


def _tree_rows(root: _Folder, folded: Collection[str]) -> Iterator[_Row]:
    """The rows of all that isn't folded."""
    levels = [(iter(root.entries.items()), "")]
    while levels:
        entries, above = levels[-1]
        name, entry = _joined(*next(entries, ("", _END)))
        depth = len(levels) - 1
        if entry is _END:
            levels.pop()
        elif isinstance(entry, int):
            yield _Row(depth, above, name.partition("\0")[0], entry)
        else:
            yield _Row(depth, above + name, name.removesuffix("/"))
            if above + name not in folded:
                levels.append((iter(entry.entries.items()), above + name))


def _joined(name: str, entry: "_Folder | int") -> tuple[str, "_Folder | int"]:
    """An entry with what is in it, as long as that is one thing."""
    while isinstance(entry, _Folder) and len(entry.entries) == 1:
        inner, entry = next(iter(entry.entries.items()))
        name += inner
    return name, entry
