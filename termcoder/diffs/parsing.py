r"""Reads patches: what `git diff`, `git show`, `git format-patch`, `diff -u`, svn and hg print.

Anything may stand between the files of a patch (mail headers, messages, notes) and is passed over. Inside a hunk the
counts of its `@@` decide what a line is, never its looks. Lines end at `\n` and nowhere else. Nothing is an error: of
what is damaged, as much is kept as can be read, and the file says so in `skipped`.
"""

import codecs
import io
import re

from termcoder.diffs.model import FileDiff, Hunk, Status
from termcoder.diffs.names import name_in_header, two_names, unquote, without_prefixes
from termcoder.diffs.sections import Section, file_of, is_retyped, retyped

_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")
_COLOURED_HEADER = re.compile(r"^(?:\x1b\[[0-9;]*[mK])+(?:diff --|--- |@@)", re.MULTILINE)
_HEADER = re.compile(r"^(?:diff --git |@@ -)", re.MULTILINE)
_FIELD = re.compile(
    r"(old mode|new mode|deleted file mode|new file mode|mode|index|similarity index|dissimilarity index"
    r"|(?:rename|copy) (?:from|to)|Binary files|Files|GIT binary patch|---|\+\+\+)(?: ([^\n]*))?\n"
)
_SIDE = r"[0-9]{1,15}(?:,[0-9]{1,15})?"
_RANGES = re.compile(rf"@@ -({_SIDE}) \+({_SIDE}) @@ ?([^\n]*)\n")
_MERGED_RANGES = re.compile(rf"(@@@+) ((?:-{_SIDE} ){{2,}}\+{_SIDE}) \1 ?([^\n]*)\n")
_STARTS = ("diff --", "--- ", "Index: ", "* Unmerged path ", "Binary files ", "Submodule ")
_SUBMODULE = re.compile(r"Submodule (.+) ([0-9a-f]{7,64})\.{2,3}([0-9a-f]{7,64})(?: \([^\n]*\))?:?\n")

_Rows = list[tuple[str, str]]


def parse_patch(data: bytes) -> tuple[FileDiff, ...]:
    """Every file of a patch, in its order; () where there is none.

    - Colours are taken away, and the line ends of a patch that was written on Windows as a whole.
    - The two sections that git prints for a file that becomes a link, or the other way round, are one FileDiff.
    - A hunk that is cut short has the counts of the rows that are left; its file is `skipped` as `DAMAGED`.
    """
    reader = _Reader(lines_of(_text(data)))
    files: list[FileDiff] = []
    end_of_last = -1
    while reader.more:
        start = reader.at
        file = reader.next_file()
        if file is None:
            continue
        if start == end_of_last and is_retyped(files[-1], file):
            file = retyped(files.pop(), file)
        files.append(file)
        end_of_last = reader.at
    return tuple(files)


def lines_of(text: str) -> list[str]:
    r"""The lines of a text with their ends; they end at `\n` only."""
    return io.StringIO(text, newline="\n").readlines()


class _Reader:
    """A place in the lines of a patch. Each method reads on from there, and leaves the place behind what it read."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0

    @property
    def more(self) -> bool:
        """Whether there is a line left."""
        return self.at < len(self.lines)

    def next_file(self) -> FileDiff | None:
        """The file that begins here; None, and one line further, where none does."""
        line = self.lines[self.at]
        self.at += 1
        if not line.startswith(_STARTS):
            return None
        if line.startswith("diff --git "):
            return self._git_file(*two_names(line[11:-1]))
        if line.startswith(("diff --cc ", "diff --combined ")):
            return self._combined_file(unquote(line.split(" ", 2)[2][:-1]))
        if line.startswith("--- "):
            return self._plain_file()
        if line.startswith("Index: "):
            return self._binary_of_svn(line[7:-1])
        return _lone_line(line)

    def _git_file(self, old: str, new: str) -> FileDiff:
        section = Section(*without_prefixes(old, new), self._fields())
        fields = section.fields
        moved = [(f"{how} from", f"{how} to") for how in ("rename", "copy") if f"{how} from" in fields]
        if moved:
            section.old, section.new = (unquote(fields.get(end, "")) for end in moved[0])
        elif section.old != section.new and "---" in fields and "+++" in fields:
            section.old, section.new = _names_of(fields)
        self._pass_over_binary()
        self._read_hunks(section)
        return file_of(section)

    def _combined_file(self, path: str) -> FileDiff:
        section = Section(path, path, self._fields(), combined=True)
        self._read_hunks(section)
        return file_of(section)

    def _plain_file(self) -> FileDiff | None:
        """A file that only has `---`, `+++` and hunks."""
        after = self.lines[self.at : self.at + 2]
        if len(after) < 2 or not after[0].startswith("+++ ") or not after[1].startswith("@@ -"):
            return None
        self.at -= 1
        fields = self._fields()
        section = Section(*_names_of(fields), fields)
        self._read_hunks(section)
        return file_of(section)

    def _binary_of_svn(self, path: str) -> FileDiff | None:
        """What svn says of a binary file that it can't be shown."""
        after = self.lines[self.at : self.at + 2]
        if len(after) == 2 and after[0].startswith("====") and after[1].startswith("Cannot display:"):
            self.at += 2
            return file_of(Section(path, path, {"Binary files": ""}))
        return None

    def _fields(self) -> dict[str, str]:
        """The lines of a header, by how they begin; of equal ones the first."""
        fields: dict[str, str] = {}
        while self.more and (found := _FIELD.fullmatch(self.lines[self.at])):
            fields.setdefault(found[1], found[2] or "")
            self.at += 1
        return fields

    def _pass_over_binary(self) -> None:
        """What stands below `GIT binary patch`: each side ends with an empty line."""
        while self.more and self.lines[self.at].startswith(("literal ", "delta ")):
            while self.more and self.lines[self.at] != "\n":
                self.at += 1
            self.at += 1

    def _read_hunks(self, section: Section) -> None:
        """The hunks of a file, and, of a damaged one, also those behind what can't be read."""
        while self.more:
            line = self.lines[self.at]
            if line.startswith("@@ -") and (ranges := _RANGES.fullmatch(line)):
                self._read_hunk(section, ranges)
            elif line.startswith("@@@") and (ranges := _MERGED_RANGES.fullmatch(line)):
                self._read_combined_hunk(section, ranges)
            elif section.damaged and not line.startswith(_STARTS):
                self.at += 1
            elif line.startswith("@@ -") or (section.hunks and not section.damaged and self._has_rows_left()):
                section.damaged = True
                self.at += 1
            else:
                break
        section.damaged |= "---" in section.fields and not section.hunks

    def _has_rows_left(self) -> bool:
        """Whether more rows follow than a hunk says. A list of files, a message or a signature may follow."""
        for at in range(self.at, len(self.lines)):
            line = self.lines[at]
            if line[0] not in " +-" or line.startswith("--"):
                return False
            if line[0] == "+" or (line[0] == "-" and line[1] != " "):
                return True
        return False

    def _read_hunk(self, section: Section, ranges: re.Match[str]) -> None:
        (first_old, old), (first_new, new) = _range(ranges[1]), _range(ranges[2])
        self.at += 1
        rows, old_left, new_left = self._rows(old, new)
        section.damaged |= bool(old_left or new_left)
        if old_left or new_left:
            first_old, old = _range_of(first_old, old, sum(sign != "+" for sign, _ in rows))
            first_new, new = _range_of(first_new, new, sum(sign != "-" for sign, _ in rows))
        if rows:
            section.hunks.append(Hunk(first_old, old, first_new, new, tuple(rows), ranges[3]))

    def _rows(self, old: int, new: int) -> tuple[_Rows, int, int]:
        """The rows of a hunk with that many lines on each side, and how many are missing on each."""
        rows: _Rows = []
        lines, at, end = self.lines, self.at, len(self.lines)
        while (old > 0 or new > 0) and at < end:
            line = lines[at]
            sign = line[0]
            if sign == " " and old and new:
                old -= 1
                new -= 1
            elif sign == "+" and new:
                new -= 1
            elif sign == "-" and old:
                old -= 1
            elif sign == "\\":
                _end_without_newline(rows)
                at += 1
                continue
            elif line in ("\n", "\r\n") and old and new:  # an empty line, as of diff.suppressBlankEmpty
                old, new, sign, line = old - 1, new - 1, " ", f" {line}"
            else:
                break
            rows.append((sign, line[1:]))
            at += 1
        if at < end and lines[at][0] == "\\":
            _end_without_newline(rows)
            at += 1
        self.at = at
        return rows, old, new

    def _read_combined_hunk(self, section: Section, ranges: re.Match[str]) -> None:
        self.at += 1
        parents = len(ranges[1]) - 1
        sides = [_range(text[1:]) for text in ranges[2].split(" ")]
        left = [count for _, count in sides]
        if len(sides) != parents + 1:
            section.damaged = True
            return
        rows: _Rows = []
        while any(left) and self.more and (row := _combined_row(self.lines[self.at], left)):
            rows.append(row)
            self.at += 1
        section.damaged |= any(left)
        (first_old, old), (first_new, new) = sides[0], sides[-1]
        if any(left):
            first_old, old = _range_of(first_old, old, old - left[0])
            first_new, new = _range_of(first_new, new, new - left[-1])
        if rows:
            section.hunks.append(Hunk(first_old, old, first_new, new, tuple(rows), ranges[3]))


def _text(data: bytes) -> str:
    """The patch as text, without colours and without what other systems add to it."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell writes it
        text = data.decode("utf-16", "replace")
    else:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    if "\x1b[" in text and not _HEADER.search(text) and _COLOURED_HEADER.search(text):
        text = _COLOUR.sub("", text)
    if text.count("\r\n") == text.count("\n"):
        text = text.replace("\r\n", "\n")
    return text if text.endswith("\n") or not text else text + "\n"


def _names_of(fields: dict[str, str]) -> tuple[str, str]:
    """Both names, by the lines `---` and `+++`."""
    return without_prefixes(name_in_header(fields["---"]), name_in_header(fields["+++"]))


def _end_without_newline(rows: _Rows) -> None:
    if rows:
        sign, text = rows[-1]
        rows[-1] = (sign, text.removesuffix("\n"))


def _range(text: str) -> tuple[int, int]:
    first, _, count = text.partition(",")
    return int(first), int(count or 1)


def _range_of(first: int, counted: int, there: int) -> tuple[int, int]:
    """First line and count of a side that has fewer rows than its hunk says."""
    return (max(0, first - 1) if counted and not there else first), there


def _combined_row(line: str, left: list[int]) -> tuple[str, str] | None:
    """A row of a combined diff, taken off what is `left` of each parent and of the result; None for other lines."""
    parents = len(left) - 1
    sign, text = line[:parents], line[parents:]
    if line == "\n":
        sign, text = " " * parents, line
    in_new = "-" not in sign
    mark = " " if in_new else "-"
    counts = [*(each == mark for each in sign), in_new]
    if not text or sign.strip(" +-") or ("+" in sign and not in_new) or any(map(int.__gt__, counts, left)):
        return None
    left[:] = map(int.__sub__, left, counts)
    return sign, text


def _lone_line(line: str) -> FileDiff | None:
    """A file of which a patch has one line only."""
    if line.startswith("* Unmerged path "):
        return FileDiff(unquote(line[16:-1]), Status.UNMERGED, skipped="not merged yet")
    if line.startswith("Binary files ") and line.endswith(" differ\n"):
        names = without_prefixes(*two_names(line[13:-8], " and "))
        return file_of(Section(*names, {"Binary files": ""}))
    found = _SUBMODULE.fullmatch(line)
    if found is None:
        return None
    fields = {"index": f"{found[2]}..{found[3]} 160000"}
    if "(new submodule)" in line:
        fields |= {"new file mode": "160000"}
    if "(submodule deleted)" in line:
        fields |= {"deleted file mode": "160000"}
    return file_of(Section(found[1], found[1], fields))
