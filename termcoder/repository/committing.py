"""Makes commits of what is staged, and takes them back.

Hooks are programs of the repository's: they run only where the user has said so. Commits are signed only where the
user's own settings ask for it, by the programs that those name.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from termcoder.errors import EditError
from termcoder.repository.command import Git
from termcoder.repository.complaints import explained
from termcoder.repository.repository import Repository
from termcoder.repository.revisions import commit_id, parents_of

_HOOKS = (
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "post-index-change",
    "reference-transaction",
)
_SIGNING = {  # what a commit is signed with, and git's own values
    "commit.gpgSign": "false",
    "gpg.format": "openpgp",
    "gpg.program": "gpg",
    "gpg.openpgp.program": "gpg",
    "gpg.x509.program": "gpgsm",
    "gpg.ssh.program": "ssh-keygen",
    "gpg.ssh.defaultKeyCommand": "",
}
_FALSE = ("false", "no", "off", "0", "")
_OUTSIDE = ("system", "global")
_SECONDS = 600.0  # hooks run tests


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that was made. `subject`: the first line of its message; `parents`: their ids."""

    id: str
    subject: str
    parents: tuple[str, ...]


def commit(
    repository: Repository, message: str, *, hooks: bool = False, cancel: threading.Event | None = None
) -> Commit:
    """Commit what is staged. Empty lines at the ends of the message are taken away, and spaces at those of lines.

    With `hooks`, the repository's are run, and whatever these start. Raises EditError for an empty message, where
    nothing is staged or a conflict is left; GitStoppedError once `cancel` is set; GitError where git doesn't know whose
    commit it is, or a hook refuses; with `hooks`, all that these printed is in the error's notes.
    """
    repository.check_not_bare()
    _check_message(message)
    _check_something_staged(repository)
    git = repository.git.trusting() if hooks else repository.git.harmless()
    git = replace(git, settings={**git.settings, **_signing(repository.git)})
    command = ["commit", "-q", "--allow-empty", "--no-status", "--cleanup=whitespace", "-F", "-"]
    done = git.ask(*command, data=message.encode("utf-8", "surrogateescape"), cancel=cancel, seconds=_SECONDS)
    if done.code != 0:
        error = explained("commit", done.code, done.complaint)
        if hooks:
            error.add_note(done.complaint)
        raise error
    made = commit_id(repository.git, "HEAD")
    return Commit(made, message.strip().partition("\n")[0].strip(), tuple(parents_of(repository.git, made)))


def hooks_of(repository: Repository) -> tuple[str, ...]:
    """The names of the hooks that a commit would run, if hooks are allowed."""
    hooks = _hooks_folder(repository)
    return tuple(name for name in _HOOKS if os.access(hooks / name, os.X_OK) and (hooks / name).is_file())


def uncommit(repository: Repository, made: Commit) -> None:
    """Take back a commit if it is still the last; what it held is staged again, and the files stay as they are.

    Raises EditError where it isn't the last any longer, is a merge, or is all that a detached HEAD has.
    """
    if len(made.parents) > 1:
        raise EditError("The commit is a merge.", remedy="Take it back in a shell, with `git reset --merge HEAD~`.")
    if commit_id(repository.git, "HEAD") != made.id:
        raise EditError("The commit isn't the last one any longer.", remedy="Use `git revert` for it.")
    git = repository.git.harmless()
    if made.parents:
        git.run("update-ref", "-m", "termcoder: take back a commit", "HEAD", made.parents[0], made.id)
        return
    branch = git.ask("symbolic-ref", "--quiet", "HEAD").output.strip()
    if not branch:
        raise EditError("The commit is all that this detached HEAD has.", remedy="Make a branch first.")
    git.run("update-ref", "-m", "termcoder: take back a commit", "-d", branch, made.id)


def recent_subjects(repository: Repository, count: int) -> list[str]:
    """The subjects of the last commits, the newest first, merges left out; none where there is no commit."""
    command = ("log", "-z", f"-n{count}", "--format=%s", "--no-merges", "--no-color", "--no-show-signature")
    done = repository.git.ask(*command, "--end-of-options", "HEAD", "--")
    if done.code != 0:
        return []
    lines = done.output.decode("utf-8", "surrogateescape").split("\0")
    return [line.strip() for line in lines if line.strip()]


def _hooks_folder(repository: Repository) -> Path:
    """Where the hooks are, when no setting of ours hides them."""
    git = repository.git
    output = git.ask("config", "-z", "--show-scope", "--type=path", "--get-all", "core.hooksPath").output
    words = output.decode("utf-8", "surrogateescape").split("\0")
    named = [path for scope, path in zip(words[::2], words[1::2], strict=False) if scope != "command"]
    if named:
        return repository.top / named[-1]
    common = git.run("rev-parse", "--path-format=absolute", "--git-common-dir").removesuffix(b"\n")
    return Path(os.fsdecode(common)) / "hooks"


def _check_message(message: str) -> None:
    if not message.strip():
        raise EditError("The message is empty.", remedy="Say what the commit does.")
    if "\0" in message:
        raise EditError("The message has a NUL character.", remedy="Take it out.")


def _check_something_staged(repository: Repository) -> None:
    """Raise EditError for an index that can't be committed. Git's own check would look into submodules."""
    git = repository.git
    if git.run("ls-files", "-z", "--unmerged"):
        raise EditError("There are conflicts that aren't resolved.", remedy="Resolve them, and stage the files.")
    merging = (repository.git_dir / "MERGE_HEAD").exists()
    command = ("diff", "--cached", "--quiet", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
    if not merging and git.ask(*command).code == 0:
        raise EditError("Nothing is staged.", remedy="Stage what the commit is to hold.")


def _signing(git: Git) -> Mapping[str, str]:
    """How commits are signed, by the settings outside of the repository; the repository's may only turn it off."""
    output = git.run("config", "--list", "-z", "--show-scope").decode("utf-8", "surrogateescape").split("\0")
    names = {name.lower(): name for name in _SIGNING}
    outside: dict[str, str] = {}
    unwanted = False
    for scope, entry in zip(output[::2], output[1::2], strict=False):
        key, has_value, value = entry.partition("\n")
        if scope in _OUTSIDE and key in names:
            outside[names[key]] = value if has_value else "true"
        elif key == "commit.gpgsign":
            unwanted = bool(has_value) and value.lower() in _FALSE
    if unwanted:
        outside["commit.gpgSign"] = "false"
    program = outside.get("gpg.openpgp.program") or outside.get("gpg.program") or "gpg"
    return {**_SIGNING, **outside, "gpg.program": program, "gpg.openpgp.program": program}
