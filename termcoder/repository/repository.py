"""What has changed in a git repository. Only read here; nothing that the repository names is run."""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from termcoder.diffs.model import ChangeSet, FileDiff, Kind, Scope, ScopeKind, Status
from termcoder.diffs.parsing import parse_patch
from termcoder.diffs.sections import DAMAGED
from termcoder.diffs.selecting import all_rows, selected
from termcoder.errors import EditError, GitError, NoRepositoryError
from termcoder.repository import blobs, disk, listing, revisions
from termcoder.repository.command import Git
from termcoder.repository.index import changed, unmerged
from termcoder.workspace.git import find_git_dir

_OUTPUT = ("--raw", "-z", "--numstat", "-p")
_FORM = (
    "--abbrev=64",
    "--diff-algorithm=myers",
    "--dst-prefix=b/",
    "--full-index",
    "--ignore-submodules=dirty",
    "--indent-heuristic",
    "--inter-hunk-context=0",
    "--no-color",
    "--no-ext-diff",
    "--no-relative",
    "--no-rename-empty",
    "--no-textconv",
    "--src-prefix=a/",
    "--submodule=short",
    "-M",
    "-C",  # after -M, or only renames are looked for
    "-O/dev/null",
    "-U3",
    "-l1000",
)
_READS = 3  # of a working tree that is being written to
_OPERATIONS = (
    ("MERGE_HEAD", "a merge is in progress"),
    ("rebase-merge", "a rebase is in progress"),
    ("rebase-apply", "a rebase is in progress"),
    ("CHERRY_PICK_HEAD", "a cherry-pick is in progress"),
    ("REVERT_HEAD", "a revert is in progress"),
    ("BISECT_LOG", "a bisection is in progress"),
)
_FILTERED = "its filter "
_LEFT_OUT = (  # by the letters of `git ls-files -v`
    ("?", "untracked {files}", "read"),
    ("hs", "{files} marked as unchanged", "compared"),
    ("S", "{files} not checked out", "compared"),
)
_ENDS: dict[ScopeKind, Callable[[Git, str], revisions.Ends]] = {
    ScopeKind.COMMIT: revisions.of_commit,
    ScopeKind.RANGE: revisions.of_range,
    ScopeKind.BRANCH: revisions.of_branch,
}


class Repository:
    """A git repository, as it is on the disk at each call.

    `top` is the folder that paths are relative to; `bare` says that there are no files in it. Every method blocks:
    call it in a thread. Every one raises GitError where git is missing, too old, or fails.
    """

    def __init__(self, top: Path, git_dir: Path, *, bare: bool = False, index: Path | None = None) -> None:
        self.top = top
        self.git_dir = git_dir
        self.bare = bare
        self.git = Git(top, variables={"GIT_INDEX_FILE": str(index)} if index else {})

    @classmethod
    def open(cls, folder: Path, *, index: Path | None = None) -> "Repository":
        """The repository that `folder` is in.

        `index` is another index file than the repository's own, such as git gives to a hook in GIT_INDEX_FILE, which
        is not heeded otherwise. Raises NoRepositoryError where there is none, or one that isn't to be trusted.
        """
        git = Git(folder)
        flags = git.run("rev-parse", "--is-bare-repository", "--is-inside-work-tree", "--absolute-git-dir")
        bare, inside, path = flags.decode("utf-8", "surrogateescape").split("\n", 2)
        git_dir = Path(path.removesuffix("\n"))
        index = index.absolute() if index else None
        if inside != "true":
            _check_bare(bare == "true", git_dir)
            return cls(git_dir, git_dir, bare=True, index=index)
        top = Path(os.fsdecode(git.run("rev-parse", "--show-toplevel")).removesuffix("\n"))
        _check_place(top, git_dir)
        return cls(top, git_dir, index=index)

    def changes(self, scope: Scope, cancel: threading.Event | None = None) -> ChangeSet:
        """Every file that changes.

        Of a working tree, files that are only known after a filter has run are skipped: it isn't run. Raises
        RevisionError for a revision that isn't known, GitStoppedError once `cancel` is set, and GitError for the index
        and the files of a bare repository.
        """
        if scope.kind is ScopeKind.PATCH:
            raise GitError("A patch isn't read from a repository.", remedy="Give it on the standard input.")
        ends = _ENDS.get(scope.kind)
        if ends is None:
            self.check_not_bare()
            is_worktree = scope.kind is ScopeKind.WORKTREE
            git = self.git.harmless()
            files = self._worktree_files(git, (), cancel) if is_worktree else self._read(git, ("--cached",), cancel)
            return ChangeSet(scope, files, (*self._operations(), *self._left_out(scope, cancel)))
        compared = ends(self.git, scope.what.strip())
        return ChangeSet(scope, self._read(self.git, (compared.old, compared.new), cancel), compared.notes)

    def check_as_on_disk(self, git: Git, file: FileDiff) -> None:
        """Raise ChangedFileError where a file of the worktree scope differs in another way now.

        Raises EditError where it has a conflict, or can't be compared without running its filter.
        """
        self.check_not_bare()
        if file.status is Status.UNMERGED:
            raise unmerged(file.path)
        paths = tuple(filter(None, (file.old_path, file.path)))
        now = next((each for each in self._worktree_files(git, paths, None) if each.path == file.path), None)
        if now is None or not (_content(now) == _content(file) or self._is_same_copy(file, now)):
            raise changed(file.path, "it is another on the disk, or in the index, now")
        if file.skipped and (file.skipped.startswith(_FILTERED) or file.skipped in (listing.DISAGREEING, DAMAGED)):
            raise EditError(f"{file.path!r} can't be taken: {file.skipped}.", remedy="Use `git add`, which you trust.")

    def _is_same_copy(self, file: FileDiff, now: FileDiff) -> bool:
        """Whether a copy holds what it held, though what it was copied from doesn't change any longer."""
        if file.status is not Status.COPIED or now.status is not Status.ADDED or file.mode_new != now.mode_new:
            return False
        old = self.texts((file.old_id or "",)).get(file.old_id or "", "")
        return selected(old, file, all_rows(file)) == selected("", now, all_rows(now))

    def text(self, blob_id: str) -> str:
        """The text of a blob, as UTF-8 with `surrogateescape`.

        Raises GitError where there is none, or it is too large.
        """
        found = self.texts((blob_id,)).get(blob_id)
        if found is None:
            limit = disk.MAX_BYTES >> 20
            raise GitError(f"There is no text {blob_id} of at most {limit} MiB.", remedy="Read the changes again.")
        return found

    def texts(self, blob_ids: Iterable[str]) -> dict[str, str]:
        """The texts of many blobs by their ids; those that aren't there or are too large are left out."""
        return blobs.texts(self.git, blob_ids)

    def old_text(self, scope: Scope, file: FileDiff) -> str | None:
        """What the old side of a file holds; None where there is none, or it can't be read."""
        if scope.kind is ScopeKind.PATCH or file.old_id is None:
            return None
        return self.texts((file.old_id,)).get(file.old_id)

    def new_text(self, scope: Scope, file: FileDiff) -> str | None:
        """What the new side of a file holds; None where there is none, or it can't be read.

        Of the worktree scope it is what is on the disk, of others never.
        """
        if scope.kind is ScopeKind.PATCH or file.status is Status.DELETED or file.kind is Kind.SUBMODULE:
            return None
        if scope.kind is ScopeKind.WORKTREE:
            data = disk.read(self.top, file.path)
            return None if data is None else data.decode("utf-8", "surrogateescape")
        return None if file.new_id is None else self.texts((file.new_id,)).get(file.new_id)

    def check_not_bare(self) -> None:
        """Raise NoRepositoryError where there is no working tree."""
        if self.bare:
            raise NoRepositoryError(
                "The repository is bare: it has no index and no files to compare.",
                remedy="Name a commit, a range or a branch instead.",
            )

    def _worktree_files(self, git: Git, paths: Sequence[str], cancel: threading.Event | None) -> tuple[FileDiff, ...]:
        files: tuple[FileDiff, ...] = ()
        for _ in range(_READS):
            files = self._read(git, (), cancel, paths)
            if not listing.disagree(files):
                break
        return _without_filtered(git, tuple(_on_disk(file) for file in files))

    def _read(
        self, git: Git, compared: Sequence[str], cancel: threading.Event | None, paths: Sequence[str] = ()
    ) -> tuple[FileDiff, ...]:
        command: tuple[str, ...] = ("--literal-pathspecs", "diff", *_FORM)
        behind = [*compared, "--", *paths]
        printed = listing.read(git.run(*command, *_OUTPUT, *behind, cancel=cancel))
        merged = b""
        if not compared and any(file.status is Status.UNMERGED for file in printed.listed):
            command = (*command, "--no-renames")  # git would take files with conflicts for copies, and lose some
            printed = listing.read(git.run(*command, *_OUTPUT, *behind, cancel=cancel))
            merged = git.run(*command, "-p", "--cc", "--diff-filter=U", *behind, cancel=cancel)
        return listing.files_of(printed, merged)

    def _operations(self) -> tuple[str, ...]:
        """What is in progress."""
        return tuple(dict.fromkeys(note for name, note in _OPERATIONS if os.path.lexists(self.git_dir / name)))

    def _left_out(self, scope: Scope, cancel: threading.Event | None) -> tuple[str, ...]:
        """How many files of the working tree aren't compared, and why."""
        if scope.kind is not ScopeKind.WORKTREE:
            return ()
        output = self.git.run("ls-files", "-z", "-v", "--cached", "--others", "--exclude-standard", cancel=cancel)
        letters = [entry[:1].decode("ascii", "replace") for entry in output.split(b"\0")]
        counted = [(sum(map(letters.count, each)), which, how) for each, which, how in _LEFT_OUT]
        return tuple(_note(count, which, how) for count, which, how in counted if count)


def patch_changes(data: bytes) -> ChangeSet:
    """The change set of a diff that somebody brought."""
    return ChangeSet(Scope(ScopeKind.PATCH), parse_patch(data))


def _check_bare(bare: bool, git_dir: Path) -> None:
    if not bare:
        raise NoRepositoryError(f"{git_dir} is git's own folder.", remedy="Start in the folder above it.")


def _check_place(top: Path, git_dir: Path) -> None:
    """Refuse a repository whose configuration puts its files elsewhere, where it has no business."""
    found = find_git_dir(top)
    if found is None or not found.exists() or not found.samefile(git_dir):
        raise NoRepositoryError(
            f"The repository in {git_dir} has its files in {top}, which isn't a folder of its own.",
            remedy="Check its setting core.worktree.",
        )


def _on_disk(file: FileDiff) -> FileDiff:
    """A file of the working tree: what is there has no id that could be looked up."""
    if file.new_id is None:
        return file
    return replace(file, new_id="0" * len(file.new_id))


def _without_filtered(git: Git, files: tuple[FileDiff, ...]) -> tuple[FileDiff, ...]:
    """Files whose filter isn't run hold something else than git would compare: they get no hunks."""
    if not git.filters or not files:
        return files
    data = b"".join(os.fsencode(file.path) + b"\0" for file in files)
    output = git.run("check-attr", "-z", "--stdin", "filter", data=data)
    names = output.decode("utf-8", "surrogateescape").split("\0")[2::3]
    kinds = (Kind.TEXT, Kind.BINARY, Kind.LFS)
    return tuple(
        _unfiltered(file, name) if name in git.filters and file.kind in kinds else file
        for file, name in zip(files, names, strict=True)
    )


def _content(file: FileDiff) -> tuple[object, ...]:
    return (file.kind, file.mode_old, file.mode_new, file.old_id, file.hunks, file.skipped)


def _unfiltered(file: FileDiff, name: str) -> FileDiff:
    if file.status is Status.DELETED:
        return file
    return replace(file, kind=Kind.TEXT, hunks=(), skipped=f"{_FILTERED}{name} is not run")


def _note(count: int, which: str, how: str) -> str:
    files, verb = ("file", "is") if count == 1 else ("files", "are")
    return f"{count} {which.format(files=files)} {verb} not {how}"
