"""From what a user names (a commit, a range, a branch) to the two commits or trees that are compared."""

from dataclasses import dataclass

from termcoder.errors import GitError, RevisionError
from termcoder.repository.command import Git

_MAX_SHOWN = 100
_SHORT = 10
_MAIN = ("main", "master")


@dataclass(frozen=True, slots=True)
class Ends:
    """What is compared: the ids of both sides, and what a reader must know of them."""

    old: str
    new: str
    notes: tuple[str, ...] = ()


def of_commit(git: Git, name: str) -> Ends:
    """A commit against its first parent; the first of a history against nothing.

    Raises RevisionError for one that isn't known, or whose parent isn't there, as at the end of a shallow clone.
    """
    commit = commit_id(git, name or "HEAD")
    parents = parents_of(git, commit)
    if not parents:
        return Ends(empty_tree(git), commit)
    if git.ask("cat-file", "-e", parents[0]).code != 0:
        raise RevisionError(
            f"The parent of {_shown(name or 'HEAD')} isn't in this clone, which is shallow or partial.",
            remedy="Fetch it with `git fetch --deepen=1`.",
        )
    merge = (f"a merge of {len(parents)} commits, compared with the first of them",) if len(parents) > 1 else ()
    return Ends(parents[0], commit, merge)


def of_range(git: Git, name: str) -> Ends:
    """The ends of `A..B`, or of `A...B`, which begins where both parted. An end that isn't given is HEAD.

    Raises RevisionError for other forms, unknown revisions, and commits that have nothing in common.
    """
    dots = "..." if "..." in name else ".."
    old, found, new = name.partition(dots)
    if not found or not (old or new):
        example = name if name and not found else "A"
        raise RevisionError(
            f"{_shown(name)} is no range of commits.", remedy=f"Write {example}..B, {example}...B or {example}.."
        )
    first, last = commit_id(git, old or "HEAD"), commit_id(git, new or "HEAD")
    return Ends(first, last) if dots == ".." else _from_base(git, first, last)


def of_branch(git: Git, name: str) -> Ends:
    """HEAD against the place where it and a branch parted; "": the branch it follows, else the main one.

    Raises RevisionError where there is none.
    """
    head = commit_id(git, "HEAD")
    name = name or _usual_base(git)
    ends = _from_base(git, commit_id(git, name), head)
    return Ends(ends.old, ends.new, (f"compared with where it parted from {name}", *ends.notes))


def commit_id(git: Git, name: str) -> str:
    """The full id of the commit that a revision names. Raises RevisionError."""
    if name and "\0" not in name:
        done = git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if done.code == 0:
            return done.output.decode("ascii").strip()
        if name == "HEAD" and done.code == 1:
            raise RevisionError("There is no commit yet.", remedy="Review what is staged, or commit first.")
    raise RevisionError(f"Git knows no commit {_shown(name)}.", remedy="`git log --all --oneline` lists what there is.")


def parents_of(git: Git, commit: str) -> list[str]:
    """The ids of a commit's parents, also of those that aren't in a shallow clone."""
    header = git.run("cat-file", "commit", commit).partition(b"\n\n")[0].decode("utf-8", "surrogateescape")
    return [line.removeprefix("parent ") for line in header.split("\n") if line.startswith("parent ")]


def empty_tree(git: Git) -> str:
    """The id of the tree that holds nothing, in the hash of the repository."""
    return git.run("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()


def _from_base(git: Git, branch: str, head: str) -> Ends:
    done = git.ask("merge-base", "--all", branch, head)
    bases = done.output.decode("ascii", "replace").split()
    if done.code > 1:
        raise GitError("Git can't tell where the two parted.", remedy="`git fsck` says what is missing.")
    if not bases:
        raise RevisionError(
            f"{branch[:_SHORT]} and {head[:_SHORT]} have no commit in common.",
            remedy="Compare them as they are, with two dots: A..B.",
        )
    several = (f"they parted at {len(bases)} places, compared with the first of them",) if len(bases) > 1 else ()
    return Ends(bases[0], head, several)


def _usual_base(git: Git) -> str:
    for name in ("@{upstream}", "refs/remotes/origin/HEAD"):
        done = git.ask("rev-parse", "--verify", "--quiet", "--abbrev-ref", name)
        short = done.output.decode("utf-8", "surrogateescape").strip()
        if done.code == 0 and short:
            return short
    for name in _MAIN:
        if git.ask("rev-parse", "--verify", "--quiet", f"refs/heads/{name}").code == 0:
            return name
    raise RevisionError("The branch follows none, and there is no main or master.", remedy="Name the branch.")


def _shown(name: str) -> str:
    return repr(name if len(name) <= _MAX_SHOWN else name[:_MAX_SHOWN] + "…")
