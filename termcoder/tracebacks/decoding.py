"""From a log's bytes to its text: whatever the bytes, a text comes out."""

import codecs

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SNIFFED = 4096


def decode(data: bytes) -> str:
    """The text of a log. Windows' shells write UTF-16, with a mark or without; anything else is read as UTF-8."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    return data.decode(_guessed(data[:_SNIFFED]), "replace")


def _guessed(start: bytes) -> str:
    """UTF-16 of mostly Latin letters has a zero in every other byte."""
    odd, even = start[1::2].count(0), start[::2].count(0)
    if len(start) > 8 and odd > len(start) * 0.4:
        return "utf-16-le"
    if len(start) > 8 and even > len(start) * 0.4:
        return "utf-16-be"
    return "utf-8"
