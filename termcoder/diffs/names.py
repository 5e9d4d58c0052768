"""File names as git writes them: quoted like C strings, and behind prefixes such as `a/` and `b/`."""

import re

NOWHERE = "/dev/null"
"""What stands in the place of a name where there is no file."""

_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
_BYTES = {letter.encode(): bytes([byte]) for byte, letter in _ESCAPES.items()}
_ESCAPED = re.compile(rb"\\([0-3][0-7]{2}|.)", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*+"')
_PREFIXES = frozenset("abciow12")  # a/ and b/, and those of diff.mnemonicPrefix
_DEEPEST_PREFIX = 4  # folders in a prefix of the user's own
_MOST_TRIED = 20  # places at which two names in a row may be parted
_LONGEST = 20_000  # characters of two names


def quote(path: str) -> str:
    """A path as git writes it: quoted, with the bytes as octal numbers, where it isn't plain ASCII."""
    escaped = "".join(_escaped(byte) for byte in path.encode("utf-8", "surrogateescape"))
    return path if escaped == path else f'"{escaped}"'


def unquote(name: str) -> str:
    """The path that git wrote as `name`. What isn't quoted, or not rightly, stays as it is."""
    if not _QUOTED.fullmatch(name):
        return name
    data = _ESCAPED.sub(_plain, name[1:-1].encode("utf-8", "surrogateescape"))
    return data.decode("utf-8", "surrogateescape")


def name_in_header(text: str) -> str:
    """The name that stands behind `---` or `+++`, without the tab and the time that may follow it."""
    quoted = _QUOTED.match(text)
    return unquote(quoted[0]) if quoted else text.partition("\t")[0]


def two_names(text: str, between: str = " ") -> tuple[str, str]:
    """The two names in `text`, with their prefixes.

    Names may have spaces themselves: they are parted where both sides are one name behind different prefixes, the
    nearer to the middle the better.
    """
    if text.endswith('"') or text.startswith('"'):
        return _quoted_names(text, between)
    step = len(between)
    places = [found.start() for found in re.finditer(re.escape(between), text[:_LONGEST])]
    nearest = sorted(places, key=lambda place: abs(2 * place + step - len(text)))[:_MOST_TRIED]
    pairs = [(text[:place], text[place + step :]) for place in nearest]
    same = (pair for pair in pairs if len(set(without_prefixes(*pair))) == 1)
    return next(same, pairs[0] if pairs else (text, text))


def without_prefixes(old: str, new: str) -> tuple[str, str]:
    """Both names of a file without what a diff puts before them; nothing is taken away where they are the same."""
    if old == new:
        return old, new
    if NOWHERE in (old, new):
        return old.removeprefix("a/"), new.removeprefix("b/")
    known = old[:1] in _PREFIXES and new[:1] in _PREFIXES and old[1:2] == new[1:2] == "/"
    cut = _cut(old, new, 1)
    if known or cut[0] == cut[1]:
        return cut
    deeper = (_cut(old, new, depth) for depth in range(2, _DEEPEST_PREFIX + 1))
    return next((pair for pair in deeper if pair[0] == pair[1]), (old, new))


def _cut(old: str, new: str, folders: int) -> tuple[str, str]:
    """Both names without their first folders, where they have so many."""
    left, right = old.split("/", folders), new.split("/", folders)
    enough = len(left) > folders < len(right) and left[-1] and right[-1]
    return (left[-1], right[-1]) if enough else (old, new)


def _quoted_names(text: str, between: str) -> tuple[str, str]:
    """Two names of which at least one is quoted."""
    first = _QUOTED.match(text)
    if first:
        return unquote(first[0]), unquote(text[first.end() :].removeprefix(between))
    old, _, new = text.partition(f'{between}"')
    return old, unquote(f'"{new}')


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return f"\\{_ESCAPES[byte]}"
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def _plain(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _BYTES.get(code, code)
