"""Text from outside made harmless for a terminal: no control character gets through, none vanishes either."""

_CONTROL = {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)}
_CONTROL[0x7F] = "\u2421"
_CONTROL.update(dict.fromkeys(range(0x80, 0xA0), "\N{REPLACEMENT CHARACTER}"))
# Characters that reorder or hide what follows them (Unicode UTS #55, "bidirectional override").
_CONTROL.update(dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\N{REPLACEMENT CHARACTER}"))
# Line breaks that aren't "\n", surrogates (no terminal can be sent one), and tag characters (they can't be seen).
_CONTROL.update(
    dict.fromkeys((0x2028, 0x2029, *range(0xD800, 0xE000), *range(0xE0000, 0xE0080)), "\N{REPLACEMENT CHARACTER}")
)


def inert(text: str) -> str:
    """`text` with control characters drawn as visible signs; tabs and newlines stay."""
    return text.translate(_CONTROL)


def one_line(text: str) -> str:
    """`inert` text on a single line."""
    return " ".join(inert(text).split())
