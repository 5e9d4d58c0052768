"""Takes secrets out of what a model is shown: keys, tokens, passwords become `[secret 1]`, `[secret 2]`, ...

Told by their shape, or by the name that they are given to. This module is pure, and no library: detect-secrets,
which knows more shapes, scans files and reports lines, where here a text must keep its lines and the rest of each.
Every pattern is bounded, so that no text makes it slow.
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field

PLACEHOLDER = re.compile(r"\[secret ([0-9]{1,6})\]")
"""What stands for a secret."""

_SHAPES = {  # kind: what the secret itself looks like
    "AWS key": r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    "Google key": r"AIza[\w-]{35}|ya29\.[\w-]{20,500}|GOCSPX-[\w-]{20,60}",
    "Azure key": r"[\w~.-]{3}8Q~[\w~.-]{31,34}",
    "GitHub token": r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{22,255}",
    "GitLab token": r"gl(?:pat|dt|rt|ptt|ft|soat|cbt)-[\w-]{20,300}",
    "Slack token": r"xox[a-z]-[A-Za-z0-9-]{10,250}|xapp-[A-Za-z0-9-]{20,250}",
    "Stripe key": r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9+/=]{24,100}",
    "Anthropic key": r"sk-ant-[\w-]{20,250}",
    "OpenAI key": r"sk-(?:proj-|svcacct-|admin-)?(?=[\w-]{0,60}[0-9])[\w-]{20,250}",
    "npm token": r"npm_[A-Za-z0-9]{36}",
    "PyPI token": r"pypi-AgE[\w-]{50,500}",
    "Hugging Face token": r"hf_[A-Za-z0-9]{30,100}",
    "SendGrid key": r"SG\.[\w-]{16,40}\.[\w-]{30,80}",
    "JSON web token": r"eyJ[\w-]{8,4000}\.[\w-]{8,8000}(?:\.[\w-]{0,2000})?",
}
_SHAPED = re.compile(
    "|".join(f"(?P<s{place}>(?<![A-Za-z0-9_-])(?:{shape}))" for place, shape in enumerate(_SHAPES.values())), re.ASCII
)
_SLACK_HOOK = re.compile(r"hooks\.slack\.com/services/(?P<value>[\w/]{20,100})", re.ASCII)
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINE = re.compile(r"[ \t>|#*/\"']{0,20}[A-Za-z0-9+/=:,.\- ]{0,200}[\"'\\n,+;]{0,6}\r?")
_URL = re.compile(r"://[^\s:/@'\"<>]{0,64}:(?P<value>[^\s/@'\"<>]{1,256}+)@")
_BEARER = re.compile(r"(?i:\b(?:bearer|basic))[ \t]{1,4}(?P<value>[\w.~+/=-]{16,4000})", re.ASCII)
_AUTHORIZATION = re.compile(
    r"(?i:authorization)['\"]?[ \t]{0,4}:[ \t]{0,4}['\"]?(?:[A-Za-z]{1,12}[ \t]{1,4})?(?P<value>[\w.~+/=:-]{8,4000})",
    re.ASCII,
)
_COOKIE = re.compile(r"(?i:cookie)['\"]?:[ \t]{0,4}['\"]?(?P<value>[\w.-]{1,64}=[^\r\n'\"]{4,4000})", re.ASCII)

_TELLING = re.compile(
    r"(?i:passw(?:or)?d|passphrase|passwd|pwd|secret|token|credential|auth[_-]?key|jsessionid|phpsessid|session[_-]?id"
    r"|(?:api|access|account|private|secret|signing|encryption|master|shared)[ _-]?(?:access[_-]?)?key)"
)
_NAME_CHARACTERS = string.ascii_letters + string.digits + "_.-"
_ASSIGNED = re.compile(
    r"(?P<rest>[\w-]{0,40})['\"]?\]?(?P<sign>[ \t]{0,8}(?::=|=>|:(?!:)|=(?![=~]))[ \t]{0,8})"
    r"(?P<prefix>[bruBRU]{0,2})"
    r"(?:\"(?P<double>[^\"\n]{1,2000})\"|'(?P<single>[^'\n]{1,2000})'|`(?P<tick>[^`\n]{1,2000})`"
    r"|(?P<bare>[^\s\"'`,;&<>]{1,2000}))",
    re.ASCII,
)
_FLAG = re.compile(r"(?P<rest>[\w-]{0,20})[ \t]{1,4}(?P<value>[^\s\"'`$<-][^\s\"'`$<]{3,500})", re.ASCII)
_LONG_START = re.compile(r"(?<![\w+/=-])[\w+/-]", re.ASCII)
_LONG = re.compile(r"[\w+/-]{32,4000}+={0,2}+(?![\w+/=-])", re.ASCII)
_REACH = 80  # how far behind a telling word a long random value is one

_NOT_TELLING = frozenset(  # words that make a name that of something about a secret
    (
        "class",
        "count",
        "description",
        "endpoint",
        "error",
        "expires",
        "expiry",
        "field",
        "file",
        "hint",
        "id",
        "index",
        "input",
        "label",
        "length",
        "limit",
        "max",
        "message",
        "min",
        "name",
        "param",
        "path",
        "pattern",
        "placeholder",
        "policy",
        "prompt",
        "regex",
        "reset",
        "size",
        "ttl",
        "type",
        "uri",
        "url",
        "usage",
        "used",
    )
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TEMPLATE = re.compile(
    r"\$\{|\$\(|\{\{|%\(|<[\w .-]*>?\Z|\A\$\w+\Z|\A%\w+%\Z|\A\{[\w.!:()\[\]]*\}\Z|\A\[secret [0-9]+\]\Z"
)
_EMPTY = re.compile(
    r"(?i)(?:none|null|nil|undefined|true|false|str|string|bytes|int|bool|any|optional|required|example|secret|token"
    r"|password|passwd|[x*.?_-]+|[0-9.]{1,9}|your[ _-].*|my[_-].*|enter .*|insert .*|replace.*)[\])}]*"
)
_CODE = re.compile(r"[()\[\]{}]|\A[A-Za-z_]\w*(?:(?:\.|->|::)[A-Za-z_]\w*)*[.?!]?\Z", re.ASCII)
_ENV_NAME = re.compile(r"(?:\A|\n)[ \t]*(?:export[ \t]+|set[ \t]+|-[ \t]+|ENV[ \t]+|ARG[ \t]+)?[A-Z][A-Z0-9_]*\Z")
_NEIGHBOUR_BEFORE = re.compile(r"(?:;[ \t]*|[\w]=[^\s,;(){}]{1,80}[ \t]|[?&]|--)(?:[\w ]{0,40})\Z", re.ASCII)
_NEIGHBOUR_AFTER = re.compile(r";[ \t]?[A-Za-z][A-Za-z ]{0,40}=|&\w+=", re.ASCII)
_DIGIT = re.compile(r"[0-9]")
_LETTER = re.compile(r"[A-Za-z]")
_BRACKET = re.compile(r"[()\[\]{}]")
_MIN_REPEATED = 8
_MAX_REPEATED = 100

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its secrets: how many different ones there were, and of which kinds."""

    text: str
    count: int
    kinds: tuple[str, ...]
    _secrets: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def restore(self, text: str) -> str:
        """Put the secrets back into what a model made of the text.

        What stood for a line of a key block, or was made up, stays: a text that `PLACEHOLDER` finds something in
        must not be written to a file.
        """
        return PLACEHOLDER.sub(lambda match: self._secrets.get(match[0], match[0]), text)


def redact(text: str) -> Redacted:
    """Replace every secret that is found. The same secret gets the same number, and no line is lost or added."""
    spans = _without_overlaps(sorted(_found(text)))
    spans = _without_overlaps(sorted([*spans, *_repeated(text, spans)]))
    numbers = _numbers(text, spans)
    parts = []
    place = 0
    for start, end, _ in spans:
        parts += [text[place:start], _replacement(text[start:end], numbers[text[start:end]])]
        place = end
    kinds = tuple(dict.fromkeys(kind for _, _, kind in spans))
    secrets = {placeholder: secret for secret, placeholder in numbers.items() if "\n" not in secret}
    return Redacted("".join([*parts, text[place:]]), len(numbers), kinds, secrets)


def _found(text: str) -> Iterator[Span]:
    yield from _key_blocks(text)
    kinds = tuple(_SHAPES)
    for match in _SHAPED.finditer(text):
        yield match.start(), match.end(), kinds[int((match.lastgroup or "s0")[1:])]
    for pattern, kind in ((_SLACK_HOOK, "Slack hook"), (_COOKIE, "cookie")):
        yield from ((*match.span("value"), kind) for match in pattern.finditer(text))
    for pattern, kind in ((_URL, "password in a URL"), (_AUTHORIZATION, "authorization"), (_BEARER, "authorization")):
        for match in pattern.finditer(text):
            if not _says_nothing(match["value"]) and (pattern is _URL or _is_mixed(match["value"])):
                yield *match.span("value"), kind
    yield from _named(text)


def _key_blocks(text: str) -> Iterator[Span]:
    """From BEGIN to END; where the end is missing, as far as lines look like a key's."""
    place = 0
    end = _KEY_END.search(text)
    while begin := _KEY_BLOCK.search(text, place):
        if end and end.start() < begin.end():
            end = _KEY_END.search(text, begin.end())
        following = _KEY_BLOCK.search(text, begin.end())
        if end and not (following and following.start() < end.start()):
            place = end.end()
        else:
            place = _end_of_key_lines(text, begin.end())
        yield begin.start(), place, "private key"


def _end_of_key_lines(text: str, place: int) -> int:
    while (end := text.find("\n", place)) >= 0:
        line = _KEY_LINE.match(text, end + 1)
        if line is None or line.end() == end + 1 or text[line.end() : line.end() + 1] not in ("", "\n"):
            return place
        place = line.end()
    return place


def _named(text: str) -> Iterator[Span]:
    """Values that stand behind a telling name."""
    place = 0
    while word := _TELLING.search(text, place):
        place = word.end()
        kind = _kind(word[0])
        if value := _value(text, word):
            yield *value, kind
            place = value[1]
        for start, end in _long_values(text, word.end()):
            yield start, end, kind


def _value(text: str, word: re.Match[str]) -> tuple[int, int] | None:
    """Where the secret that a telling word names stands, if it names one."""
    before = max(0, word.start() - 60)
    start = before + len(text[before : word.start()].rstrip(_NAME_CHARACTERS))
    match = _ASSIGNED.match(text, word.end()) or _FLAG.match(text, word.end())
    if match is None or not _names_a_secret(text[start : word.end()] + match["rest"]):
        return None
    if match.re is _FLAG:
        is_secret = text.startswith("--", start) and not _says_nothing(match["value"])
        return match.span("value") if is_secret else None
    group = match.lastgroup or "bare"
    return match.span(group) if _is_value(text, start, match, group) else None


def _long_values(text: str, place: int) -> Iterator[tuple[int, int]]:
    """Long random values that begin on the same line, not far behind."""
    end = text.find("\n", place, place + _REACH)
    limit = end if end >= 0 else place + _REACH
    for start in _LONG_START.finditer(text, place, limit):
        match = _LONG.match(text, start.start())
        if match and _is_random(match[0]):
            yield match.span()


def _kind(word: str) -> str:
    word = word.lower()
    return "password" if word.startswith("pass") or word == "pwd" else "key" if "key" in word else "token"


def _names_a_secret(name: str) -> bool:
    """Whether a name is a secret's own: `db_password`, and not `password_field`, `tokenizer` or `max_tokens`."""
    words = [word.lower() for word in _WORD.findall(name)]
    telling = _TELLING.search(name)
    after = name[telling.end() : telling.end() + 1] if telling else ""
    if after.islower() or (after.isupper() and telling is not None and telling[0].isupper()):
        return False
    return not _NOT_TELLING.intersection(words)


def _is_value(text: str, start: int, assigned: re.Match[str], group: str) -> bool:
    value = assigned[group]
    if _says_nothing(value):
        return False
    if group != "bare":
        return " " not in value and len(value) >= 4 and "f" not in assigned["prefix"].lower()
    if _CODE.search(value[:200]) and not _is_random(value):
        return _is_setting(text, start, assigned) and not _BRACKET.search(value)
    return _is_setting(text, start, assigned) or (len(value) >= 7 and _is_mixed(value))


def _is_setting(text: str, start: int, assigned: re.Match[str]) -> bool:
    """Whether this is a line of an `.env` file, a part of a connection string or query, or a flag: never code."""
    if assigned["sign"] != "=":
        return False
    name_end = assigned.start("sign")
    line = text[max(0, start - 120) : name_end]
    if _ENV_NAME.search(line) or text.startswith("--", start):
        return True
    before = text[max(0, start - 120) : start]
    return bool(_NEIGHBOUR_BEFORE.search(before) or _NEIGHBOUR_AFTER.match(text, assigned.end()))


def _says_nothing(value: str) -> bool:
    """A placeholder, a variable to be filled in, or a word of a language."""
    return bool(_EMPTY.fullmatch(value[:200]) or _TEMPLATE.search(value[:200]) or len(set(value[:200])) == 1)


def _is_mixed(value: str) -> bool:
    """Whether a value has digits and letters, as few words have."""
    return bool(_DIGIT.search(value, 0, 200) and _LETTER.search(value, 0, 200))


def _is_random(value: str) -> bool:
    """Whether a long value is no name, path or word: one part of it is long, and mixes digits into letters."""
    part = max(re.split(r"[/_.-]", value), key=len)
    digits = sum(map(str.isdigit, part))
    return len(part) >= 12 and digits >= 2 and digits < len(part) and len(set(part)) >= 8


def _without_overlaps(spans: list[Span]) -> list[Span]:
    """Spans one after the other: of two that overlap, the first, made as long as both."""
    kept: list[Span] = []
    for start, end, kind in spans:
        if kept and start < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]), kept[-1][2])
        else:
            kept.append((start, end, kind))
    return kept


def _numbers(text: str, spans: list[Span]) -> dict[str, str]:
    """What stands for each secret, numbered in order; numbers that the text has already are passed over."""
    taken = {int(number) for number in PLACEHOLDER.findall(text)}
    secrets = dict.fromkeys(text[start:end] for start, end, _ in spans)
    free = (number for number in range(1, len(secrets) + len(taken) + 1) if number not in taken)
    return {secret: f"[secret {number}]" for secret, number in zip(secrets, free, strict=False)}


def _repeated(text: str, spans: list[Span]) -> Iterator[Span]:
    """Other places of the same secrets, where no name tells what they are."""
    kinds = {text[start:end]: kind for start, end, kind in spans}
    long = [secret for secret in kinds if len(secret) >= _MIN_REPEATED and "\n" not in secret and _is_mixed(secret)]
    taken = {start for start, _, _ in spans}
    for secret in long[:_MAX_REPEATED]:
        place = text.find(secret)
        while place >= 0:
            if place not in taken:
                yield place, place + len(secret), kinds[secret]
            place = text.find(secret, place + len(secret))


def _replacement(secret: str, placeholder: str) -> str:
    """The placeholder, on every line that the secret had, where that began and with its end."""
    return "\n".join(
        line[: len(line) - len(line.lstrip())] + placeholder + ("\r" if line.endswith("\r") else "")
        for line in secret.split("\n")
    )
