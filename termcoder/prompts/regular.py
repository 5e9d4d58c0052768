r"""Regular expressions as grammars, so that an answer can be decoded under one.

Understood is what has the same meaning in both: letters, `[a-z]`, `.`, `\d`, `\w`, `\s`, groups, `|`, `?`, `*`, `+`,
`{2,5}`. Look-around, back references and `\b` have no grammar.
"""

import math
import re
from collections.abc import Iterator, Sequence

_CLASSES = {
    "d": "[0-9]", "D": "[^0-9]", "w": "[A-Za-z0-9_]", "W": "[^A-Za-z0-9_]", "s": "[ \\t\\n]", "S": "[^ \\t\\n]",
}  # fmt: skip
_CONTROL = {"n": "\\n", "t": "\\t"}
_TOKEN = re.compile(
    r"(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<group>\((?:\?:)?(?!\?))"
    r"|(?P<repeat>[?*+]|\{[0-9]+(?:,[0-9]*)?\})"
    r"|(?P<mark>[|)])"
    r"|\\(?P<escaped>.)"
    r"|(?P<any>\.)"
    r"|(?P<letter>[^\\\[\](){}|?*+.^$])",
    re.DOTALL,
)

LONGEST = 500
"""Characters of a regex. A longer one, or one that repeats more, would keep the engine busy before it writes a word."""
MOST_REPEATS = 20_000


def ebnf_of_regex(pattern: str) -> str:
    """A grammar that admits what `pattern` matches as a whole. Raises ValueError for what has no grammar."""
    if len(pattern) > LONGEST or _repeats(pattern) > MOST_REPEATS:
        raise ValueError("the regex is too long, or repeats too much")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"the regex is none: {error}") from error
    return f"root ::= {' '.join(_terms(pattern.removeprefix('^').removesuffix('$')))}\n"


def ebnf_of_choices(choices: Sequence[str]) -> str:
    """A grammar that admits one of these texts."""
    return f"root ::= {' | '.join(_quoted(choice) for choice in choices)}\n"


def _repeats(pattern: str) -> int:
    """The most that anything can be repeated by counts, if all of them stood inside each other."""
    counts = re.findall(r"(?<!\\)\{(?:[0-9]*,)?([0-9]{1,9})", pattern)
    return math.prod(max(1, int(count)) for count in counts)


def _terms(pattern: str) -> Iterator[str]:
    at = 0
    term = ""
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise ValueError(f"the regex has no grammar from {pattern[at : at + 12]!r} on")
        at = token.end()
        if token.lastgroup == "repeat":
            if not term or term in "(|":
                raise ValueError(f"the regex repeats nothing at {token[0]!r}")
            term += token[0]
            continue
        if term:
            yield term
        term = _term(token)
    if term:
        yield term


def _term(token: re.Match[str]) -> str:
    match token.lastgroup:
        case "group":
            return "("
        case "any":
            return "[^\\n]"
        case "escaped":
            return _escaped(token["escaped"])
        case "letter":
            return _quoted(token[0])
        case _:
            return token[0]


def _escaped(letter: str) -> str:
    if letter in _CLASSES:
        return _CLASSES[letter]
    if letter in _CONTROL:
        return f'"{_CONTROL[letter]}"'
    if letter.isalnum():
        raise ValueError(f"the regex has no grammar for \\{letter}")
    return _quoted(letter)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
