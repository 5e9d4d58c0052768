"""Reads the contents of files that git keeps, many with one process."""

import re
from collections.abc import Iterable, Iterator

from termcoder.repository.command import Git
from termcoder.repository.disk import MAX_BYTES

MAX_TOTAL = 256 * 1024 * 1024
"""Bytes that are read at once; what comes after them is left out."""

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def texts(git: Git, blob_ids: Iterable[str]) -> dict[str, str]:
    """The texts of blobs, as UTF-8 with `surrogateescape`; those that are missing or too large are left out."""
    wanted = _readable(git, [each for each in dict.fromkeys(blob_ids) if _ID.fullmatch(each) and each.strip("0")])
    if not wanted:
        return {}
    output = git.run("cat-file", "--batch", data=_lines(wanted))
    return {name: data.decode("utf-8", "surrogateescape") for name, data in _contents(output)}


def _readable(git: Git, blob_ids: list[str]) -> list[str]:
    """Those that are blobs and small enough."""
    if not blob_ids:
        return []
    output = git.run("cat-file", "--batch-check", data=_lines(blob_ids)).decode("ascii", "replace")
    kept, total = [], 0
    for line in output.splitlines():
        name, kind, *size = line.split(" ")
        if kind != "blob" or int(size[0]) > MAX_BYTES:
            continue
        total += int(size[0])
        if total <= MAX_TOTAL:
            kept.append(name)
    return kept


def _lines(blob_ids: list[str]) -> bytes:
    return "".join(f"{each}\n" for each in blob_ids).encode("ascii")


def _contents(output: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents in the output of `cat-file --batch`."""
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        name, kind, *size = output[at:end].decode("ascii", "replace").split(" ")
        at = end + 1
        if kind == "blob":
            length = int(size[0])
            yield name, output[at : at + length]
            at += length + 1
