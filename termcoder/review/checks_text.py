"""Rules for every language, which look at added lines as text."""

import re
from collections.abc import Iterator

from termcoder import syntax
from termcoder.diffs.model import Status
from termcoder.redact import redact
from termcoder.review.checks_base import Alarm, Change, Edit
from termcoder.review.finding import Category, Severity

_JAVASCRIPT = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte")

# Conflicts


_OURS = re.compile(r"<{7}(?: |$)")
_MARKERS = re.compile(r"(?:<{7}|\|{7}|>{7})(?: |$)|={7}$")


def conflict_marker(change: Change) -> Iterator[Alarm]:
    """Markers that a merge left in the text."""
    markers = [(line, text[:1]) for line, text in change.texts.items() if _MARKERS.match(text)]
    signs = {sign for _, sign in markers}
    if not ({"<", "="} <= signs or {"=", ">"} <= signs) or _is_inside_of_text(change):
        return
    for line, sign in markers:
        if sign == "<" or ("<" not in signs and sign == ">"):
            yield Alarm(
                line,
                Severity.CRITICAL,
                Category.BUG,
                0.98,
                "A merge conflict is not resolved",
                f"When {change.path} is read, both sides and the markers are in it.",
            )


def _is_inside_of_text(change: Change) -> bool:
    """Whether the file parses all the same: the markers stand in a string, or in a document that explains them."""
    if change.suffix in (".md", ".rst", ".adoc", ".txt"):
        return change.new is not None and "```" in change.new
    return change.new is not None and syntax.can_check(change.path) and syntax.check(change.path, change.new) is None


# Secrets


_CERTAIN = re.compile(r"[A-Z].* (?:key|token|hook)|JSON web token|private key")
_MADE_UP = re.compile(
    r"example|sample|dummy|fake|test|change.?me|placeholder|redacted|foobar|hunter2|passw|abcdef|12345|qwert|\.\.\.|public|(.)\1{4}|todo",
    re.IGNORECASE,
)
_NO_SECRETS = re.compile(
    r"(?:^|/)(?:package-lock\.json|[^/]*\.lock|[^/]*-lock\.\w+|go\.sum|[^/]*\.(?:ipynb|svg|map|snap))$"
)
_MOST_SECRETS = 20


def secret(change: Change) -> Iterator[Alarm]:
    """A key, token or password. The alarm doesn't hold it."""
    if _NO_SECRETS.search(change.path):
        return
    known = [(line, text) for line, text in change.texts.items() if change.shown.get(line, text) != text]
    for line, text in known[:_MOST_SECRETS]:
        kind, value = _secret_in(change, line, text)
        certain = _CERTAIN.fullmatch(kind) is not None
        if not certain and (
            change.is_test or not _is_written_out(change, text, value) or not _looks_secret(kind, value)
        ):
            continue
        if certain and (_MADE_UP.search(value.strip("-")) or (change.is_test and kind == "JSON web token")):
            continue
        yield Alarm(
            line,
            Severity.MAJOR if change.is_test else Severity.CRITICAL,
            Category.SECURITY,
            (0.97 if certain else 0.85) - 0.15 * change.is_test,
            f"{_article(kind)} is written into the file",
            "When this is committed, everybody who can read the repository has it, now and in its history.",
        )
        if kind == "private key":
            return


def _secret_in(change: Change, line: int, text: str) -> tuple[str, str]:
    """The kind of a line's secret, and what of the line was hidden."""
    kinds = redact(text).kinds
    shown = change.shown[line]
    start, _, end = shown.partition("[secret ")[0], "", shown.rpartition("]")[2]
    value = text[len(start) : len(text) - len(end)]
    return kinds[0] if kinds else "private key" if "KEY" in (change.new or text) else "token", value


_SETTINGS = re.compile(r"(?:^|/)\.env[^/]*$|\.(?:env|ini|cfg|conf|properties|ya?ml|toml|sh|tfvars)$")
_PROSE = (".md", ".rst", ".txt", ".adoc")


def _is_written_out(change: Change, text: str, value: str) -> bool:
    """Whether a value stands where a secret is given, and not where one is explained."""
    before = text[: text.find(value)].rstrip()
    in_quotes = before.endswith(("'", '"', "`"))
    explained = change.suffix in _PROSE or _COMMENT.match(text) or ">>>" in text or "public" in text.lower()
    return not explained and (in_quotes or (_SETTINGS.search(change.path) is not None and before.endswith(("=", ":"))))


def _looks_secret(kind: str, value: str) -> bool:
    """Whether a value that only its name makes a secret is one: long, mixed, and not made up."""
    digits, letters = len(re.findall(r"[0-9]", value)), len(re.findall(r"[A-Za-z]", value))
    mixed = digits >= 2 and letters >= 2 and len(set(value)) >= 6
    if kind != "password" and re.search(r"[a-z]{5}", value):
        return False
    return len(value) >= 8 and mixed and not re.search(r"[\s(){}\[\]<>$]", value) and not _MADE_UP.search(value)


def _article(kind: str) -> str:
    return f"{'An' if kind[:1] in 'AEIOUaeiou' else 'A'} {kind}"


# Files that don't parse


_SURE = (".py", ".pyw", ".json", ".toml")
_LAGGING = (".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".pyi")
_NEWER_PYTHON = re.compile(r"\s*type \w+|\s*(?:async )?(?:def|class) \w+\[|\s*except [\w.]+, ")


def no_longer_parses(change: Change) -> Iterator[Alarm]:
    """A file that the change makes one that can't be parsed."""
    if (
        change.new is None
        or change.suffix in _LAGGING
        or change.path.endswith(".d.ts")
        or _is_broken_on_purpose(change)
    ):
        return
    sure = change.suffix in _SURE
    if change.old is None and (not sure or change.file.status is not Status.ADDED):
        return
    problem = syntax.worse(change.path, change.old or "", change.new)
    place = _cause(change, problem.line) if problem else None
    if problem is None or place is None or _may_be_newer(change, problem):
        return
    if not sure and (problem.line not in change.added or syntax.check(change.path, change.old or "")):
        return
    yield Alarm(
        place,
        Severity.CRITICAL,
        Category.BUG,
        0.97 if sure else 0.8,
        f"The file no longer parses: {problem.message}" if change.old else f"The file doesn't parse: {problem.message}",
        f"When {change.path} is loaded, it fails at line {problem.line}.",
    )


def _cause(change: Change, line: int) -> int | None:
    """The new line that may have made it so that a line can't be read: this one, else the last before it."""
    shown = change.place_of(line)
    before = [new for new in change.added if new <= line]
    return before[-1] if before else shown[0] if shown else None


def _is_broken_on_purpose(change: Change) -> bool:
    """Whether it is new data of tests."""
    return change.is_test and change.old is None and not change.path.rpartition("/")[2].startswith("test_")


def _may_be_newer(change: Change, problem: syntax.SyntaxProblem) -> bool:
    """Whether a later Python than the one that runs here may read it."""
    line = change.lines[problem.line - 1] if problem.line <= len(change.lines) else ""
    return change.suffix in (".py", ".pyw") and (
        problem.message.startswith("f-string")
        or ("string literal" in problem.message and re.search(r"\b[rRbB]?[fF][rR]?['\"]", line) is not None)
        or _NEWER_PYTHON.match(line) is not None
    )


# What was only for trying


_DEBUGGERS = {
    **dict.fromkeys((".rb", ".rake"), re.compile(r"\s*(?:binding\.(?:pry|irb|b)|byebug|debugger)\s*$")),
    **dict.fromkeys(_JAVASCRIPT, re.compile(r"\s*(?P<name>debugger)\s*;?\s*$")),
    ".py": re.compile(
        r"\s*(?:(?:import \w+; ?)?(?:i?pdb|pudb|rpdb|wdb)\.set_trace\(\)|breakpoint\(\))\s*;?\s*(?:#.*)?$"
    ),
    ".rs": re.compile(r"(?P<before>[^\"]*)\bdbg!\("),
    ".php": re.compile(r"\s*(?:var_dump|dd|xdebug_break)\(.*\);\s*$"),
    ".cs": re.compile(r"\s*(?:System\.Diagnostics\.)?Debugger\.(?:Break|Launch)\(\);\s*$"),
}
_COMMENT = re.compile(r"\s*(?://|\*|/\*|#)")


def debugger_left(change: Change) -> Iterator[Alarm]:
    """A debugger's stop, or its output, that was forgotten."""
    pattern = _DEBUGGERS.get(change.suffix)
    is_about_it = "breakpointhook" in (change.new or "")
    if pattern is None or is_about_it or (change.suffix == ".py" and change.python is None):
        return
    for line, text in change.texts.items():
        if pattern.match(text) and not _COMMENT.match(text) and _is_statement(change, line):
            word = re.sub(r"^import \w+; ?", "", text.strip()).partition("(")[0].rstrip(";")
            what = "dbg!" if change.suffix == ".rs" else word.strip()
            yield Alarm(
                line,
                Severity.MAJOR,
                Category.BUG,
                0.95,
                f"`{what}` was left behind",
                f"When this line runs, {_DEBUGGED.get(change.suffix, 'the program stops and waits for a debugger')}.",
                None if change.suffix == ".rs" else _without_line(change, line),
            )


_DEBUGGED = {".rs": "it writes to stderr", ".php": "it writes the value into the page"}


def _is_statement(change: Change, line: int) -> bool:
    """Whether a line is no part of a text or comment."""
    code = change.python
    if code is not None:
        statements = ("Expr", "Import")
        return any(getattr(node, "lineno", 0) == line and type(node).__name__ in statements for node in code.nodes)
    return not any(
        node.start_point.row < line <= node.end_point.row + 1
        and ("comment" in node.type or ("string" in node.type and node.start_point.row < line - 1))
        for node in change.nodes
    )


def _without_line(change: Change, line: int) -> Edit | None:
    """The line gone, where its block goes on after it on the same level."""
    lines = change.lines
    following = lines[line] if line < len(lines) else ""
    depth = len(lines[line - 1]) - len(lines[line - 1].lstrip()) if line <= len(lines) else -1
    return Edit(line, line, ()) if following.strip() and len(following) - len(following.lstrip()) == depth else None


_FOCUSED_JS = re.compile(
    r"\s*(?:(?:describe|it|test|context|suite|specify)(?P<only>\.only)\(|(?:fit|fdescribe|fcontext)\(['\"`])"
)
_FOCUSED_RUBY = re.compile(
    r"\s*(?:(?:fit|fdescribe|fcontext)\b.*\bdo\b|(?:it|describe|context)\b.*(?::focus\b|focus: true).*\bdo\b)"
)


def focused_test(change: Change) -> Iterator[Alarm]:
    """A test that keeps all others from being run."""
    is_ruby = change.path.endswith("_spec.rb")
    if not is_ruby and (change.suffix not in _JAVASCRIPT or not change.is_test):
        return
    for line, text in change.texts.items():
        match = (_FOCUSED_RUBY if is_ruby else _FOCUSED_JS).match(text)
        if match:
            only = match.groupdict().get("only")
            edit = Edit(line, line, (text[: match.start("only")] + text[match.end("only") :],)) if only else None
            yield Alarm(
                line,
                Severity.MAJOR,
                Category.TESTS,
                0.95,
                "Only this test is run: the focus was left on",
                "When the tests are run, all others are passed over, and pass.",
                edit,
            )


_SKIPS = {
    ".py": re.compile(r"\s*@(?:pytest\.mark\.skip(?:\(\))?|unittest\.skip)\s*$"),
    **dict.fromkeys(_JAVASCRIPT, re.compile(r"\s*(?:(?:describe|it|test|context)\.skip|xit|xdescribe|xtest)\(['\"`]")),
    ".java": re.compile(r"\s*@(?:Disabled|Ignore)\s*$"),
    ".kt": re.compile(r"\s*@(?:Disabled|Ignore)\s*$"),
    ".go": re.compile(r"\s*t\.Skip(?:Now)?\(\)\s*$"),
    ".rs": re.compile(r"\s*#\[ignore\]\s*$"),
    ".rb": re.compile(r"\s*(?:xit|xdescribe|xcontext)\b.*\bdo\s*$"),
}


def skipped_test(change: Change) -> Iterator[Alarm]:
    """A test that is switched off, and nothing says why."""
    pattern = _SKIPS.get(change.suffix)
    if pattern is None:
        return
    for line, text in change.texts.items():
        around = change.lines[max(0, line - 2) : line + 1]
        if pattern.match(text) and not any(re.search(r"//|(?<![\w'\"])#(?!\[)|/\*", each) for each in around):
            yield Alarm(
                line,
                Severity.NIT,
                Category.TESTS,
                0.85,
                "A test is skipped, and nothing says why",
                "When what it tests breaks, nobody sees it; and nobody knows when it may be switched on again.",
            )


RULES = (conflict_marker, secret, no_longer_parses, debugger_left, focused_test, skipped_test)
"""What is asked of every file."""
