"""What the model is shown of a change before it writes the commit's message."""

import pytest

from termcoder.diffs.model import ChangeSet, Scope
from termcoder.diffs.parsing import parse_patch
from termcoder.review import message


def patch(files: int, rows: int) -> ChangeSet:
    added = "".join(f"+new {number}\n" for number in range(rows))
    one = "--- a/{n}.py\n+++ b/{n}.py\n@@ -1,6 +1,{new} @@\n a\n b\n c\n{added} d\n e\n f\n"
    text = "".join(f"diff --git a/{n}.py b/{n}.py\n" + one.format(n=n, new=rows + 6, added=added) for n in range(files))
    return ChangeSet(Scope(), parse_patch(text.encode()))


def shown(changes: ChangeSet) -> list[list[str]]:
    return [item.messages[0].content.splitlines() for item in message.items(changes)]


def test_changed_rows_are_shown_with_one_row_around_them() -> None:
    assert shown(patch(1, 2)) == [['<change path="0.py">', "@@", " c", "+new 0", "+new 1", " d", "</change>"]]


@pytest.mark.parametrize(("files", "rows"), [(1, 81), (4, 81), (10, 33), (200, 9)])
def test_the_more_files_the_fewer_rows_of_each(files: int, rows: int) -> None:
    texts = shown(patch(files, 300))
    assert [len(text) for text in texts] == [rows + 2] * files
    assert texts[0][-2] == f"… {303 - rows + 1} more lines"


@pytest.mark.parametrize(
    ("written", "tidy"),
    [
        ("```\nfix: a\n\nWhy \n```\n", "fix: a\n\nWhy"),
        ("fix: change a, b,\n", "fix: change a, b"),
        ("fix: change a, b,\n\nWhy", "fix: change a, b\n\nWhy"),
        ("fix:", "fix:"),  # still being written
        ("", ""),
    ],
)
def test_a_message_is_tidied(written: str, tidy: str) -> None:
    assert message.tidied(written) == tidy
