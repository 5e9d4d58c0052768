"""The kinds of fault that a review looks for.

Small models can't say out of the blue what is wrong with a change. Asked about one kind of fault at a time they tell
well, and told the kind they describe it well. They say Yes to some questions more readily than to others; `CLEAN` is
code that has none of these faults, and shows how readily.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

from termcoder.review.finding import Category


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: the question that finds it in code, and the words that point a model at it.

    `suffixes`: of files that can have it; none: all can.
    """

    name: str
    category: Category
    question: str
    hint: str
    suffixes: frozenset[str] = frozenset()

    def fits(self, path: str) -> bool:
        """Whether a file of this name can have such a fault."""
        return not self.suffixes or PurePosixPath(path).suffix.lower() in self.suffixes


_SCRIPT = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte")

KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        "absence",
        Category.BUG,
        "Can a value be None, null or undefined where this code uses it, without a check?",
        "a value can be None, null or undefined where it is used",
    ),
    FaultKind(
        "bounds",
        Category.BUG,
        "Does this code go one step too far or one too short in a loop, a range or an index?",
        "a loop, range or index goes one step too far or too short",
    ),
    FaultKind(
        "condition",
        Category.BUG,
        "Is a condition in this code wrong: inverted, always true, or an assignment in place of a comparison?",
        "a condition is wrong: inverted, always true, or an assignment",
    ),
    FaultKind(
        "empty",
        Category.BUG,
        "Can this code divide by zero, or fail when a list is empty?",
        "a division by zero, or a failure on empty input",
    ),
    FaultKind(
        "sharing",
        Category.BUG,
        "Does this code share a mutable default argument, or change a list while it loops over it?",
        "a mutable default argument is shared, or a list is changed while looped over",
        frozenset({".py", ".rb", *_SCRIPT}),
    ),
    FaultKind(
        "waiting",
        Category.BUG,
        "Does this code fail to await an asynchronous call?",
        "an asynchronous call is not awaited",
        frozenset({".py", ".cs", ".kt", ".rs", ".swift", ".dart", *_SCRIPT}),
    ),
    FaultKind(
        "injection",
        Category.SECURITY,
        "Does this code put values from outside into a query, a shell command, a path or HTML without escaping them?",
        "values from outside get into a query, command, path or HTML unescaped",
    ),
    FaultKind(
        "memory",
        Category.SECURITY,
        "Can this code write beyond the end of a buffer?",
        "a write goes beyond the end of a buffer",
        frozenset({".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".m", ".zig"}),
    ),
    FaultKind(
        "secret",
        Category.SECURITY,
        "Does this code write a password, a token or another secret into a log or a message?",
        "a secret gets into a log or a message",
    ),
    FaultKind(
        "swallowing",
        Category.ERROR_HANDLING,
        "Does this code ignore an error that its caller should know of?",
        "an error is ignored that the caller should know of",
    ),
    FaultKind(
        "leak",
        Category.ERROR_HANDLING,
        "Does this code open a file, a connection or a lock that it does not close?",
        "a file, connection or lock is not closed",
    ),
    FaultKind(
        "race",
        Category.CONCURRENCY,
        "Can two threads disturb each other in this code, since shared state is changed without a lock?",
        "shared state is changed without a lock",
    ),
)

VERDICTS = (
    "Does the new code mend a fault of the old code?",
    "Does this change make the code better?",
)
"""Questions whose No speaks against a change, more than against its reverse.

Of some twenty wordings these told best: in 30 and 80 small changes, half of them with a fault, the 1.5B model put one
with a fault before one without in 96 % and 81 % of all pairs. Asked of the change alone it was 87 % and 67 %.
"""

CLEAN = (
    """\
def shortest(names, limit):
    \"\"\"The shortest of some names, at most `limit` of them.\"\"\"
    ordered = sorted(names, key=len)
    return ordered[:limit]
""",
    """\
class Page:
    def __init__(self, title, parts=()):
        self.title = title
        self.parts = tuple(parts)

    def render(self):
        return "".join(html.escape(part) for part in self.parts)
""",
    """\
export async function loadProfile(id: string): Promise<Profile | null> {
  const response = await fetch(`/profiles/${encodeURIComponent(id)}`);
  if (!response.ok) {
    return null;
  }
  return response.json();
}
""",
    """\
func (c *Cache) Get(key string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, ok := c.entries[key]
	return value, ok
}
""",
    """\
int read_port(const char *text) {
    char *end = NULL;
    long value = strtol(text, &end, 10);
    return end != text && value > 0 && value < 65536 ? (int)value : -1;
}
""",
)
"""Code without these faults, in several languages."""
