"""Rules for every language that compare a removed line with the one in its place: an `await` less, an escape less."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from termcoder.review.checks_base import CODE, Alarm, Change, Edit, plain
from termcoder.review.finding import Category, Severity


@dataclass(frozen=True)
class _Swap:
    """A removed line and the added line that stands for it, which differ in one way only."""

    line: int
    old: str
    new: str


def _swaps(change: Change, simplify: Callable[[str], str]) -> Iterator[_Swap]:
    """The pairs of one hunk where `simplify` makes the added line of the removed one."""
    for rows in change.rows:
        gone = {simplify(row.text): row.text for row in rows if row.sign == "-" and simplify(row.text) != row.text}
        gone = {plain(key): text for key, text in gone.items()}
        for row in rows:
            if row.sign == "+" and row.new is not None and plain(row.text) in gone:
                yield _Swap(row.new, gone[plain(row.text)], row.text)


def _back(swap: _Swap) -> Edit:
    """The removed line again, indented as the added one."""
    indent = swap.new[: len(swap.new) - len(swap.new.lstrip())]
    return Edit(swap.line, swap.line, (indent + swap.old.strip(),))


# One word less


_AWAIT = re.compile(r"\bawait\s+|\.await\b")
_AWAITED = re.compile(r"await\s+([\w$.?]+)\s*[(<]|([\w:.]+)\([^()]*\)\.await")
_TOGETHER = re.compile(r"gather\(|Promise\.(?:all|race|any|allSettled)\(|create_task\(|join!\(|ensure_future\(")


def await_removed(change: Change) -> Iterator[Alarm]:
    """A call that was awaited, and no longer is."""
    if _count(change, "-", "async") > _count(change, "+", "async") or not CODE.fullmatch(change.suffix):
        return
    for swap in _swaps(change, lambda text: _AWAIT.sub("", text)):
        found = _AWAITED.search(swap.old)
        name = (found[1] or found[2]) if found else ""
        if not name or "=>" in swap.old or plain(swap.old).startswith("return") or _awaited_later(change, swap):
            continue
        yield Alarm(
            swap.line,
            Severity.MAJOR,
            Category.BUG,
            0.85,
            f"`await` is gone before `{name}()`",
            f"When this line runs, {name}() is not done: its result is a promise of one, and its errors get lost.",
            _back(swap),
        )


def _count(change: Change, sign: str, word: str) -> int:
    return sum(len(re.findall(rf"\b{word}\b", row.text)) for rows in change.rows for row in rows if row.sign == sign)


def _awaited_later(change: Change, swap: _Swap) -> bool:
    """Whether what the line gives is awaited in the lines after it, or together with other calls around it."""
    following = "\n".join(change.lines[swap.line : swap.line + 30])
    before = "\n".join(change.lines[max(0, swap.line - 4) : swap.line])
    if _TOGETHER.search(before):
        return True
    target = re.match(r"\s*(?:const|let|var)?\s*([\w$]+)\s*(?::[^=]*)?=", swap.new)
    return (
        target is not None
        and re.search(rf"\b(?:await|gather|all)\b.*\b{re.escape(target[1])}\b", following) is not None
    )


_UNWRAP = re.compile(r"\.unwrap\(\)|\.expect\(\"[^\"]*\"\)")


def panic_for_error(change: Change) -> Iterator[Alarm]:
    """Rust: an error that was handed on, and now ends the program."""
    if change.suffix != ".rs" or change.is_test:
        return
    handed_on = {
        plain(row.text): row.text for rows in change.rows for row in rows if row.sign == "-" and "?" in row.text
    }
    for line, text in change.texts.items():
        old = handed_on.get(plain(_UNWRAP.sub("?", text)))
        if old is not None and _UNWRAP.search(text):
            yield Alarm(
                line,
                Severity.MAJOR,
                Category.ERROR_HANDLING,
                0.9,
                "An error that was handed on with `?` now panics",
                "When this fails, the program ends, where its caller could have dealt with it.",
                _back(_Swap(line, old, text)),
            )


_ESCAPERS = (
    r"(?:[\w$]+\.)*(?:escape|quote|quote_plus|sanitize|sanitizeHtml|encodeURIComponent|encodeURI|htmlspecialchars"
    r"|clean|secure_filename|escapeHtml|escape_string|realEscapeString|escapeshellarg|EscapeString)"
)
_ESCAPED = re.compile(rf"(?<![\w$.])(?P<by>{_ESCAPERS})\((?P<value>[^()]*(?:\([^()]*\))?[^()]*)\)")


def escape_removed(change: Change) -> Iterator[Alarm]:
    """A value that was escaped, and no longer is."""
    if change.is_test or not CODE.fullmatch(change.suffix):
        return
    for swap in _swaps(change, lambda text: _ESCAPED.sub(lambda match: match["value"], text)):
        found = _ESCAPED.search(swap.old)
        if found and found["by"] != "re.escape":
            yield Alarm(
                swap.line,
                Severity.CRITICAL,
                Category.SECURITY,
                0.85,
                f"`{found['value'][:60]}` is no longer escaped",
                f"When {found['value'][:60]} holds special characters, they get through: `{found['by']}` was removed.",
                _back(swap),
            )


_TIMEOUT = re.compile(r"(?<=[\w)\]'\"]),\s*timeout\s*=\s*[^,()]+(?=[,)])")


def timeout_removed(change: Change) -> Iterator[Alarm]:
    """A call that had a timeout, and no longer has."""
    for swap in _swaps(change, lambda text: _TIMEOUT.sub("", text)) if not change.is_test else ():
        if "(" not in swap.new or re.match(r"\s*(?:async )?(?:def|function|func)\b", swap.new):
            continue
        yield Alarm(
            swap.line,
            Severity.MINOR,
            Category.ERROR_HANDLING,
            0.85,
            "The timeout was removed",
            "When the other side doesn't answer, this line waits for ever.",
            _back(swap),
        )


_ASSERT = re.compile(r"^(\s*)assert\s+")


def assert_removed(change: Change) -> Iterator[Alarm]:
    """Python: a condition that was asserted, and now is only written down."""
    for swap in _swaps(change, lambda text: _ASSERT.sub(r"\1", text)) if change.suffix == ".py" else ():
        if re.search(r" (?:==|!=|<=?|>=?|in|is|not|and|or) ", swap.new):
            yield Alarm(
                swap.line,
                Severity.MAJOR,
                Category.TESTS if change.is_test else Category.BUG,
                0.9,
                "`assert` is gone: the condition is worked out, and nothing uses the answer",
                f"When `{plain(swap.new)[:60]}` is false, nobody hears of it any longer.",
                _back(swap),
            )


_GO_RESULT = re.compile(
    r"\s*(?:if )?(?P<names>(?:[\w.\[\]]+, )*err) :?= (?P<call>[^;{]+?)(?:; err != nil)?(?: \{)?\s*$"
)
_GO_IGNORED = re.compile(r"\s*(?:(?P<names>(?:[\w.\[\]]+, )*)_ :?= )?(?P<call>[\w.]+\(.*\))\s*$")


def _gives_no_error(change: Change, name: str) -> bool:
    """Whether a function's error is never of interest, or the function gives none (any longer)."""
    plain_name = re.escape(name.rpartition(".")[2])
    defined = re.search(rf"(?m)^func (?:\([^)]*\) )?{plain_name}\(.*$", change.new or "")
    return re.search(r"\bfmt\.F?[Pp]rint|\.Close$", name) is not None or (
        defined is not None and "error" not in defined[0] and "err " not in defined[0]
    )


def error_thrown_away(change: Change) -> Iterator[Alarm]:
    """Go: an error that was looked at, and now is thrown away."""
    if change.suffix != ".go" or change.is_test:
        return
    for rows in change.rows:
        looked_at = {match["call"].strip() for row in rows if row.sign == "-" and (match := _GO_RESULT.match(row.text))}
        for row in rows:
            match = _GO_IGNORED.match(row.text) if row.sign == "+" else None
            if match and row.new is not None and match["call"].strip() in looked_at:
                name = match["call"].partition("(")[0]
                if "_" not in row.text.partition("=")[0] and _gives_no_error(change, name):
                    continue
                yield Alarm(
                    row.new,
                    Severity.MAJOR,
                    Category.ERROR_HANDLING,
                    0.9,
                    f"The error of `{name}` is thrown away",
                    f"When {name}() fails, nobody hears of it: its error was looked at before.",
                )


RULES = (await_removed, panic_for_error, escape_removed, timeout_removed, assert_removed, error_thrown_away)
"""What is asked of every file that has removed lines."""
