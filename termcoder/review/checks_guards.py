"""Rules for every language that see what was taken away: a check, a lock, a permission."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from termcoder.diffs.model import Row
from termcoder.review.checks_base import CODE, Alarm, Change, Edit, plain
from termcoder.review.finding import Category, Severity

# Checks

_NAME = r"[A-Za-z_$][\w$]*(?:(?:\.|->)[A-Za-z_$][\w$]*)*"
_IF = re.compile(
    r"\s*(?:\}\s*)?if\b\s*(?P<condition>.+?)\s*(?::|\{|(?P<exit>\b(?:return|throw|continue|break)\b.*))?\s*$"
)
_EXIT = re.compile(
    r"\s*(?:return|raise|throw|continue|break|goto)\b|\s*(?:panic|exit|abort|die|sys\.exit|process\.exit|os\.Exit)\("
)
_ABSENT = (
    re.compile(rf"({_NAME}) is None"),
    re.compile(rf"({_NAME}) ?={{2,3}} ?(?:null|undefined|nil|NULL|nullptr|None)"),
    re.compile(rf"(?:null|nil|NULL|nullptr) ?== ?({_NAME})"),
    re.compile(rf"(?:! ?|not )({_NAME})"),
)
_EMPTY = (
    re.compile(rf"(?:! ?|not )({_NAME})\.(?:length|size|count)"),
    re.compile(rf"({_NAME})\.(?:length|size\(\)|count|Count|len\(\)) ?(?:={{2,3}} ?0|< ?1)"),
    re.compile(rf"len\(({_NAME})\) ?(?:== ?0|< ?1)"),
    re.compile(rf"({_NAME})\.(?:isEmpty|empty|is_empty)(?:\(\)|\?)"),
    re.compile(rf"({_NAME}) ?={{2,3}} ?0"),
    re.compile(rf"(?:! ?|not )({_NAME})"),
)
_MANY = re.compile(r".*(?:s|list|items|data|array|queue|stack)", re.IGNORECASE)


_REACH = 60
"""So many rows further on, what belongs to a removed line is looked for."""


@dataclass(frozen=True)
class _Guard:
    """A removed check that left the function early. `first`, `last`: its rows. `line`: the new line after it."""

    condition: str
    first: int
    last: int
    line: int


def guard_removed(change: Change) -> Iterator[Alarm]:
    """A check for a missing or empty value that is gone, where the value is still used behind it."""
    if change.is_test or not CODE.fullmatch(change.suffix) or not change.lines:
        return
    added = {plain(text) for text in change.texts.values()}
    for rows in change.rows:
        for guard in _guards(rows):
            alarm = None if plain(rows[guard.first].text) in added else _unguarded(change, rows, guard)
            if alarm is not None:
                yield alarm


def _guards(rows: list[Row]) -> Iterator[_Guard]:
    for at, row in enumerate(rows):
        match = _IF.match(row.text) if row.sign == "-" and len(row.text) < 200 else None
        if match is None:
            continue
        last = at if match["exit"] else at + 1
        if not match["exit"] and not (last < len(rows) and rows[last].sign == "-" and _EXIT.match(rows[last].text)):
            continue
        if last + 1 < len(rows) and rows[last + 1].sign == "-" and rows[last + 1].text.strip() in ("}", "end"):
            last += 1
        following = next((each.new for each in rows[last + 1 : last + 1 + _REACH] if each.new is not None), None)
        if following is not None:
            yield _Guard(_unbracketed(match["condition"]), at, last, following)


def _unbracketed(condition: str) -> str:
    return condition[1:-1] if condition.startswith("(") and condition.endswith(")") else condition


def _unguarded(change: Change, rows: list[Row], guard: _Guard) -> Alarm | None:
    """The alarm for the first value that the guard kept out and that is used without it."""
    scope = change.scope_around(guard.line)
    if scope is None:
        return None
    new = sum(scope[0] <= line <= scope[1] for line in change.added)
    if new > max(3, (scope[1] - scope[0]) // 4):
        return None  # written anew: the check may be needed no longer
    body = [_code_of(change, line) for line in range(scope[0], scope[1] + 1)]
    for part in re.split(r"\s*(?:\|\||\bor\b)\s*", guard.condition):
        for name, what, hazard in _kept_out(part, with_items=change.suffix != ".go"):
            if _is_looked_at(name, "\n".join(body)) or _is_set(change, name, scope):
                continue
            found = _first_use(hazard, body[guard.line - scope[0] :])
            if found is not None:
                line = guard.line + found[0]
                return Alarm(
                    line,
                    Severity.MAJOR,
                    Category.BUG,
                    0.75,
                    f"`{name}` is used without the check that was removed",
                    f"When `{name}` is {what}, `{found[1]}` at line {line} fails: the check `{part}` is gone.",
                    _guard_back(rows, guard),
                )
    return None


def _kept_out(part: str, with_items: bool) -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """The name that a condition is about, what it is when the condition holds, and the uses that fail then.

    `with_items`: whether to take an item of a missing value fails; a nil map has none, and says so.
    """
    use = r"(?:\.|\[|->)[\w$]" if with_items else r"\.\w"
    for pattern in _ABSENT:
        match = pattern.fullmatch(part)
        if match and not (_MANY.fullmatch(match[1]) and pattern is _ABSENT[-1]):
            name = re.escape(match[1])
            yield match[1], "missing", re.compile(rf"(?<![\w$.]){name}{use}+|(?<![\w)] )\*{name}\b")
    for pattern in _EMPTY:
        match = pattern.fullmatch(part)
        if match:
            name = re.escape(match[1])
            divided = rf"/ ?(?:len\({name}\)|{name}(?:\.(?:length|size\(\)))?(?![\w$.(\[]))"
            uses = rf"{divided}|\b(?:max|min|mean)\({name}\)|(?<![\w$.]){name}(?:\[(?:0|-1)\]|\.(?:front|back|pop)\()"
            yield match[1], "empty or zero", re.compile(uses)


def _is_looked_at(name: str, text: str) -> bool:
    """Whether a function asks in another way what a name holds."""
    name = re.escape(name)
    patterns = (
        rf"\b(?:if|elif|while|unless|assert|not|and|or|typeof)\b[ (!]*{name}(?![\w$(.\[]|->)",
        rf"(?:!|&&|\|\|) ?{name}(?![\w$(.\[]|->)",
        rf"(?<![\w$.]){name}\s*(?:is\b|[=!]=|&&|\|\||\?|[<>]|\b(?:or|and|if|instanceof)\b)",
        rf"(?:len\({name}\)|{name}\.(?:length|size\(\)|count))\s*(?:[=!<>]|\)\s*(?:\{{|$|&&|return))",
        rf"\b(?:isinstance|bool|callable|hasattr|isArray|requireNonNull|require|expect)\({name}\b",
        rf"\b(?:assert|check|validate|ensure)\w*\({name}\b",
        rf"(?<![\w$.]){name}\.(?:isEmpty|is_some|is_none|isPresent|empty|is_empty)\b",
    )
    return any(re.search(pattern, text, re.MULTILINE) for pattern in patterns)


def _is_set(change: Change, name: str, scope: tuple[int, int, str]) -> bool:
    """Whether the change gives the name another value, or another type, in this function."""
    name = re.escape(name)
    pattern = re.compile(rf"(?<![\w$.]){name}\s*(?::=|=(?!=)|:(?!:)|,.*=(?!=))|\b(?:as|for)\s+{name}\b")
    return any(scope[0] <= line <= scope[1] and pattern.search(text) for line, text in change.texts.items())


def _first_use(hazard: re.Pattern[str], lines: list[str]) -> tuple[int, str] | None:
    """How many lines further on the first use is, and its text."""
    for at, line in enumerate(lines):
        match = hazard.search(line)
        if match:
            return at, match[0]
    return None


def _code_of(change: Change, line: int) -> str:
    """A line without its comment; "" where it is a part of a text over several lines."""
    if change.python is not None and line in change.python.text_lines:
        return ""
    sign = "#" if change.suffix in (".py", ".pyw", ".rb") else "//"
    return change.lines[line - 1].partition(sign)[0]


def _guard_back(rows: list[Row], guard: _Guard) -> Edit | None:
    """The guard again, where nothing was put in its place."""
    following = rows[guard.last + 1 : guard.last + 3]
    near = [*rows[max(0, guard.first - 1) : guard.first], *following]
    if any(row.sign == "+" for row in near) or all(row.new is None for row in following):
        return None
    lines = tuple(row.text.rstrip("\r\n") for row in rows[guard.first : guard.last + 1])
    return Edit(guard.line, guard.line - 1, lines)


# Locks


_LOCKS = re.compile(
    r"\s*(?:(?:async )?with (?P<with>[^:]*(?:lock|mutex|semaphore|atomic\(\)|transaction\(\))[^:]*):"
    r"|(?:defer )?(?P<go>[\w.]*(?:mu|mutex|lock))\.R?Lock\(\);?|synchronized\s*\((?P<java>[^)]*)\)\s*\{?"
    r"|lock\s*\((?P<sharp>[^)]*)\)\s*\{?|std::(?:lock_guard|unique_lock|scoped_lock)\b(?P<cpp>.*);"
    r"|pthread_mutex_lock\((?P<c>[^)]*)\);)\s*$",
    re.IGNORECASE,
)
_ABOUT_LOCKS = re.compile(r"lock|mutex|semaphore|synchronized|atomic|transaction", re.IGNORECASE)


def lock_removed(change: Change) -> Iterator[Alarm]:
    """A lock that is gone from around statements that are still there."""
    if change.is_test or any(_ABOUT_LOCKS.search(text) for text in change.texts.values()):
        return
    told = set()
    for rows in change.rows:
        for at, row in enumerate(rows):
            match = _LOCKS.match(row.text) if row.sign == "-" and len(row.text) < 200 else None
            kept = _kept_statement(rows, at) if match else None
            if match is None or kept is None or kept.new is None:
                continue
            lock = next(filter(None, match.groups()), "the lock").strip()
            if lock in told:
                continue
            told.add(lock)
            yield Alarm(
                kept.new,
                Severity.MAJOR,
                Category.CONCURRENCY,
                0.85,
                f"The lock `{lock}` is gone from around `{plain(kept.text)[:60]}`",
                "When two threads run this at once, each may undo what the other did.",
            )


def _kept_statement(rows: list[Row], at: int) -> Row | None:
    """The first statement behind a removed lock that is still there: as it was, or moved to the left."""
    depth = len(rows[at].text) - len(rows[at].text.lstrip())
    is_block = rows[at].text.rstrip().endswith((":", "{"))
    gone = set()
    for row in rows[at + 1 : at + 1 + _REACH]:
        text = plain(row.text)
        if row.sign == "-" and len(row.text) - len(row.text.lstrip()) > depth:
            gone.add(text)
        elif row.sign == "+" and text in gone:
            return row
        elif row.sign == " " and text not in ("", "{", "}") and "nlock" not in text and text[0] not in "#/*":
            return None if is_block or len(row.text) - len(row.text.lstrip()) < depth else row
    return None


# Permissions


_DECORATOR = re.compile(
    r"\s*@(?:[\w.]+\.)?(?:login_required|permissions?_required|admin_required|staff_member_required"
    r"|user_passes_test|csrf_protect|roles?_required|auth_required|authenticated|requires_auth|require_auth|jwt_required"
    r"|token_required|PreAuthorize|Secured|RolesAllowed|UseGuards|Authorize)\b.*"
)
_CHECK = re.compile(
    r"\s*(?:await )?(?:[\w$]+\.)*(?:require|check|verify|ensure|assert|enforce|validate)_?(?:\w*_)?"
    r"(?:permissions?|auth\w*|admin|owner\w*|access|csrf|login)\w*\(.*\);?\s*",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\s*if\b.*(?:\bnot |!).*(?:is_?admin|is_?staff|is_?superuser|is_?authenticated|has_?perm\w*|is_?owner"
    r"|is_?authorized|is_?allowed|can_?(?:edit|delete|view|write|read|access)|compare_digest|check_password"
    r"|verify_?(?:signature|token|password)\w*)\b.*",
    re.IGNORECASE,
)
_TELLING = re.compile(
    r"perm|auth|admin|owner|access|signature|csrf|login|staff|superuser|allowed|digest|password|secured|roles|guards"
    r"|can_?\w+|user_passes",
    re.IGNORECASE,
)
_DEFINITION = re.compile(r"\s*(?:@|(?:async )?def |public |private |protected |class |export |async )")


def permission_removed(change: Change) -> Iterator[Alarm]:
    """A check of who may do this that is gone from a function that is still there."""
    if change.is_test or not CODE.fullmatch(change.suffix) or not change.lines:
        return
    added = "\n".join(change.texts.values())
    for rows in change.rows:
        for at, row in enumerate(rows):
            following = _behind_permission(rows, at) if row.sign == "-" and len(row.text) < 200 else None
            words = [word for word in re.findall(r"[A-Za-z_]\w*", row.text) if _TELLING.search(word)]
            if following is None or following.new is None or any(word in added for word in words):
                continue
            yield Alarm(
                following.new,
                Severity.CRITICAL,
                Category.SECURITY,
                0.8,
                f"The check `{plain(row.text)[:60]}` is gone",
                "When somebody calls this who may not, nothing stops them any longer.",
            )


def _behind_permission(rows: list[Row], at: int) -> Row | None:
    """What a removed check of a permission stood before; None where it is no such check, or went with what it kept."""
    text = rows[at].text.rstrip()
    is_check = any(pattern.fullmatch(text) for pattern in (_DECORATOR, _ASKS, _CHECK))
    behind = rows[at + 1 : at + 1 + _REACH] if is_check else []
    following = next((each for each in behind if each.new is not None and each.text.strip()), None)
    if following is None:
        return None
    if _DECORATOR.fullmatch(text):
        return following if _DEFINITION.match(following.text) else None
    asks = _ASKS.fullmatch(text) and any(_EXIT.match(each.text) for each in rows[at + 1 : at + 2])
    depth = len(text) - len(text.lstrip())
    is_inside = len(following.text) - len(following.text.lstrip()) >= depth > 0
    return following if is_inside and (asks or _CHECK.fullmatch(text)) else None


RULES = (guard_removed, lock_removed, permission_removed)
"""What is asked of every file that has removed lines."""
