"""What git says when it fails, and what a user can do about it."""

import re
from typing import NamedTuple

from termcoder.errors import GitError, NoRepositoryError, RevisionError

_MAX_SAID = 300
_PLAIN = re.compile(r"^(?:fatal|error|warning): (.+)$", re.MULTILINE)


class _Case(NamedTuple):
    """What stands in git's words, and the error for it; `{0}` is what the pattern's group has found."""

    pattern: re.Pattern[str]
    kind: type[GitError]
    message: str
    remedy: str


_CASES = (
    _Case(
        re.compile(r"detected dubious ownership in repository at '([^\n]+)'"),
        NoRepositoryError,
        "Git doesn't use the repository in {0}: it belongs to another user.",
        "If you trust it: git config --global --add safe.directory '{0}'",
    ),
    _Case(
        re.compile(r"not a git repository|cannot chdir to"),
        NoRepositoryError,
        "This folder is in no git repository.",
        "Start in a repository, or make one with `git init`.",
    ),
    _Case(
        re.compile(r"cannot use bare repository '([^\n]+)'"),
        NoRepositoryError,
        "Git doesn't use the bare repository {0}: the setting safe.bareRepository forbids it.",
        "Start in a working tree.",
    ),
    _Case(
        re.compile(r"((?:unknown repository extension|[Ee]xpected git repo version)[^\n]*)"),
        NoRepositoryError,
        "The repository was made by a newer git ({0}).",
        "Install a newer git.",
    ),
    _Case(
        re.compile(r"bad config (?:line|value|variable|numeric)([^\n]*)"),
        NoRepositoryError,
        "Git's configuration is damaged:{0}.",
        "Mend the file that is named.",
    ),
    _Case(
        re.compile(r"Unable to create '([^\n]+\.lock)': File exists"),
        GitError,
        "Another git is at work here: {0} exists.",
        "Wait until it has ended. If none is running, remove that file.",
    ),
    _Case(
        re.compile(
            r"empty ident name|unable to auto-detect email|[Pp]lease tell me who you are|no (?:name|email) was given"
        ),
        GitError,
        "Git doesn't know whose commit it is.",
        "Tell it: git config --global user.name 'Your Name', and the same for user.email.",
    ),
    _Case(
        re.compile(r"gpg failed to sign|failed to sign|gpg\.ssh\.defaultKeyCommand|couldn't get agent socket"),
        GitError,
        "The commit can't be signed.",
        "Check user.signingKey and that the key is unlocked, or commit in a shell.",
    ),
    _Case(
        re.compile(r"transport '[^\n]*' not allowed|could not fetch [0-9a-f]+ from promisor"),
        GitError,
        "The clone is partial, and what is needed isn't here. Nothing is fetched.",
        "Fetch it in a shell, for example with `git diff`, and try again.",
    ),
    _Case(
        re.compile(
            r"((?:[^\n]*(?:is corrupt|is empty|bad signature|bad index file|index file corrupt|smaller than expected"
            r"|missing blob|unable to read|bad object|bad tree|object not found|bad ref|invalid object"
            r"|unable to parse|inflate:|unknown index entry|loose object|garbage)[^\n]*))"
        ),
        GitError,
        "The repository is damaged: {0}.",
        "`git fsck` says what is missing.",
    ),
    _Case(
        re.compile(r"must be run in a work tree"),
        NoRepositoryError,
        "The repository is bare: it has no index and no files to compare.",
        "Name a commit, a range or a branch instead.",
    ),
    _Case(
        re.compile(r"[Nn]eeded a single revision|unknown revision|[Nn]ot a valid object name"),
        RevisionError,
        "Git knows no such revision.",
        "`git log --all --oneline` lists what there is.",
    ),
    _Case(
        re.compile(r"No space left on device|Permission denied|Read-only file system|Disk quota exceeded"),
        GitError,
        "Git can't write into the repository: {said}.",
        "Make room, or set the permissions.",
    ),
)


def explained(command: str, code: int, complaint: str) -> GitError:
    """The error for a git command that ended with `code` (negative: by a signal) and the words `complaint`."""
    said = _said(complaint)
    for case in _CASES:
        found = case.pattern.search(complaint)
        if found:
            words = _cut(_bare(found.group(found.lastindex or 0)))
            return case.kind(case.message.format(words, said=said), remedy=case.remedy.format(words))
    ending = f"was ended by signal {-code}" if code < 0 else f"failed ({code})"
    reason = f": {said}" if said else ""
    return GitError(f"git {command} {ending}{reason}.", remedy="Try the same in a shell.")


def _said(complaint: str) -> str:
    """The first thing that git calls an error, else the last line."""
    plain = _PLAIN.search(complaint)
    lines = complaint.strip().splitlines()
    return _cut(plain[1] if plain else lines[-1] if lines else "").rstrip(".")


def _bare(words: str) -> str:
    return re.sub(r"^(?:fatal|error): ", "", words).rstrip(".")


def _cut(words: str) -> str:
    return words if len(words) <= _MAX_SAID else words[:_MAX_SAID] + "…"
