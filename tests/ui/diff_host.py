"""An app with a diff, the messages that came of it, and what the tests show in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from termcoder.diffs.model import ChangeSet, Scope
from termcoder.diffs.parsing import parse_patch
from termcoder.review.finding import Category, Finding, Severity
from termcoder.ui.widgets.diff_view import DiffView

CART = b'''\
diff --git a/src/shop/cart.py b/src/shop/cart.py
--- a/src/shop/cart.py
+++ b/src/shop/cart.py
@@ -5,9 +5,9 @@ class Cart:
     """Items and their prices."""
\x20
     def __init__(self, items):
-        self.items = items
+        self.items = list(items)
\x20
     def total(self):
         return sum(item.price for item in self.items)
\x20
     def average(self):
@@ -40,4 +40,6 @@ class Cart:
     def average(self):
         """The price of one item, on average."""
+        if not self.items:
+            return 0
         return self.total() / len(self.items)
\x20
'''
OTHERS = b"""\
diff --git a/docs/old name.md b/docs/new name.md
similarity index 90%
rename from docs/old name.md
rename to docs/new name.md
--- a/docs/old name.md\t
+++ b/docs/new name.md\t
@@ -1,2 +1,2 @@
 # Shop
-One line
+Two lines
\\ No newline at end of file
diff --git a/logo.png b/logo.png
new file mode 100644
Binary files /dev/null and b/logo.png differ
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-x = 1
"""


def change_set(data: bytes = CART + OTHERS, scope: Scope | None = None, *notes: str) -> ChangeSet:
    return ChangeSet(scope or Scope(), parse_patch(data), notes)


def finding(line: int = 42, severity: Severity = Severity.MAJOR, **fields: Any) -> Finding:
    given: dict[str, Any] = {
        "path": "src/shop/cart.py",
        "quoted": "",
        "category": Category.BUG,
        "title": "An empty cart has no average",
        "scenario": "When the cart is empty, its average is 0 and looks like a price.",
        "confidence": 0.8,
    }
    return Finding(line=line, severity=severity, **(given | fields))


class DiffHost(App[None]):
    """Shows a change set, and collects what the view asks for."""

    def __init__(self, shown: ChangeSet | None = None, findings: tuple[Finding, ...] = (), **options: Any) -> None:
        super().__init__()
        self.shown = shown or change_set()
        self.findings = findings
        self.options = options
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield DiffView(**self.options)

    def on_mount(self) -> None:
        self.view.load(self.shown)
        self.view.show_findings(self.findings)
        self.view.focus()

    @property
    def view(self) -> DiffView:
        return self.query_one(DiffView)

    def on_diff_view_cursor_moved(self, message: DiffView.CursorMoved) -> None:
        self.told.append(message)

    def on_diff_view_context_requested(self, message: DiffView.ContextRequested) -> None:
        self.told.append(message)

    def on_diff_view_edit_requested(self, message: DiffView.EditRequested) -> None:
        self.told.append(message)

    def on_diff_view_finding_chosen(self, message: DiffView.FindingChosen) -> None:
        self.told.append(message)

    def on_diff_view_marks_changed(self, message: DiffView.MarksChanged) -> None:
        self.told.append(message)

    def on_line_scroll_copy_requested(self, message: DiffView.CopyRequested) -> None:
        self.told.append(message)

    def rows(self) -> list[str]:
        """The rows of the screen."""
        return [self.view.render_line(y).text.rstrip(" ▐") for y in range(self.view.size.height)]

    def cursor(self) -> str:
        """The row under the cursor, without what is at its edges."""
        return self.rows()[self.view.cursor_row - self.view.top].strip("▌▏ ")

    def at(self, text: str) -> int:
        """The first row in which this text is, from the beginning of all rows."""
        rows = range(self.view.row_count)
        return next(row for row in rows if text in self.view.draw_row(row, 200).text)

    def go(self, text: str) -> None:
        """Move the cursor to the first row in which this text is."""
        self.view.move_to(self.at(text))

    def last(self, kind: type[Message]) -> Any:
        """The last message of a kind."""
        return next(message for message in reversed(self.told) if isinstance(message, kind))


@asynccontextmanager
async def shown(
    what: ChangeSet | None = None, *findings: Finding, size: tuple[int, int] = (90, 50), **options: Any
) -> AsyncIterator[tuple[DiffHost, Pilot[None]]]:
    app = DiffHost(what, findings, **options)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot
