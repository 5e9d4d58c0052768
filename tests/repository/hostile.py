"""A repository that tries to start programs, in every way that a configuration, attributes, hooks and links have."""

from collections.abc import Iterator
from pathlib import Path

from tests.repository.samples import git, put

HOOKS = (
    *("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-index-change", "reference-transaction"),
    *("pre-auto-gc", "post-rewrite", "post-checkout", "post-merge", "pre-merge-commit", "fsmonitor-watchman"),
)
SIGNATURE = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n"


class Hostile:
    """The repository in `folder`. A program that is started leaves a file in `marks`, with its name."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "hostile"
        self.marks = home / "marks"
        self.evil = home / "evil"
        for folder in (self.folder, self.marks, self.evil):
            folder.mkdir(parents=True)
        self._fill()
        self._configure()

    def started(self) -> set[str]:
        """What has been started until now; forgotten with that."""
        names = {path.name for path in self.marks.iterdir()}
        for name in names:
            (self.marks / name).unlink()
        return names

    def mark(self, name: str, then: str = "") -> str:
        """The path of a program that leaves a mark."""
        program = put(self.evil, name, f'#!/bin/sh\ntouch "{self.marks / name}"\n{then}\n')
        program.chmod(0o755)
        return str(program)

    def environment(self) -> Iterator[tuple[str, str]]:
        """Variables that make git start something, or write something."""
        for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "PAGER", "GIT_EDITOR", "EDITOR", "VISUAL", "GIT_ASKPASS"):
            yield name, self._command(f"variable {name}", "cat")
        for name in ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND", "SSH_ASKPASS", "GIT_SEQUENCE_EDITOR"):
            yield name, self._command(f"variable {name}")
        yield "GIT_TRACE", str(self.marks / "trace")
        yield "GIT_TRACE2_EVENT", str(self.marks / "trace2")
        yield "GIT_CONFIG_PARAMETERS", f"'core.fsmonitor={self.mark('variable parameters')}'"
        yield "GIT_CONFIG_COUNT", "1"
        yield "GIT_CONFIG_KEY_0", "diff.external"
        yield "GIT_CONFIG_VALUE_0", self.mark("variable count")

    def _fill(self) -> None:
        git(self.folder, "init", "-q")
        sub = self.folder / "sub"
        sub.mkdir()
        git(sub, "init", "-q")
        put(sub, "inner", "inner\n")
        git(sub, "add", "-A")
        git(sub, "commit", "-q", "-m", "inner")
        for name in ("plain", "driven", "shown", "cleaned", "processed", "named", "included", "gone", "merged"):
            put(self.folder, name, "one\n")
        put(
            self.folder,
            ".gitattributes",
            "driven diff=driver\nshown diff=shower\ncleaned filter=cleaner\nprocessed filter=processor\n"
            "named filter=a=b\nincluded filter=included\nmerged merge=merger\n",
        )
        git(self.folder, "add", "-A")
        git(self.folder, "commit", "-q", "-m", "first")
        self._sign()
        for name in ("plain", "driven", "shown"):
            put(self.folder, name, "two\n")
        git(self.folder, "add", "plain", "driven", "shown")
        for name in ("plain", "driven", "shown", "cleaned", "processed", "named", "included"):
            put(self.folder, name, "three\n")
        (self.folder / "gone").unlink()
        put(self.folder, "untracked", "untracked\n")
        put(sub, "inner", "changed\n")
        git(sub, "commit", "-q", "-a", "-m", "next")
        put(sub, "inner", "and again\n")

    def _sign(self) -> None:
        """Make the last commit one with a signature that somebody would have to check."""
        text = git(self.folder, "cat-file", "commit", "HEAD").decode().replace("\n\n", f"\n{SIGNATURE}\n", 1)
        signed = git(self.folder, "hash-object", "-t", "commit", "-w", "--stdin", data=text.encode()).decode().strip()
        git(self.folder, "update-ref", "HEAD", signed)

    def _configure(self) -> None:
        hooks = self.folder / ".git" / "hooks"
        hooks.mkdir(exist_ok=True)
        for name in HOOKS:
            (hooks / name).unlink(missing_ok=True)
            (hooks / name).symlink_to(self.mark(f"hook {name}"))
        included = put(self.evil, "included.config", f"[filter \"included\"]\nclean = '{self.mark('included')}'\n")
        with (self.folder / ".git" / "config").open("a") as config:
            config.writelines(f'[{section}]\n{key} = "{_quoted(value)}"\n' for section, key, value in self._settings())
            config.write(f"[include]\npath = {included}\n")
        with (self.folder / "sub" / ".git" / "config").open("a") as config:
            config.write(f"[core]\nfsmonitor = \"'{self.mark('sub fsmonitor')}'\"\n")
        put(self.folder, ".git/info/attributes", "* ident\n")

    def _settings(self) -> Iterator[tuple[str, str, str]]:
        for key in ("fsmonitor", "pager", "editor", "sshCommand", "askPass", "gitProxy", "alternateRefsCommand"):
            yield "core", key, self._command(f"core {key}")
        for key in ("diff", "log", "config", "commit"):
            yield "pager", key, self._command("pager")
            yield "alias", key, f"!{self._command('alias')}"
        yield "diff", "external", self._command("diff external")
        yield 'diff "driver"', "command", self._command("diff driver")
        yield 'diff "shower"', "textconv", self._command("diff textconv", 'cat "$1"')
        yield 'filter "cleaner"', "clean", self._command("filter clean", "cat")
        yield 'filter "cleaner"', "smudge", self._command("filter smudge", "cat")
        yield 'filter "processor"', "process", self._command("filter process")
        yield 'filter "a=b"', "clean", self._command("filter named", "cat")
        yield 'merge "merger"', "driver", self._command("merge driver")
        yield "rerere", "enabled", "true"
        yield "log", "showSignature", "true"
        yield "commit", "gpgSign", "true"
        yield "gpg", "program", self.mark("gpg")
        yield 'gpg "openpgp"', "program", self.mark("gpg")
        yield 'gpg "ssh"', "defaultKeyCommand", self._command("gpg key")
        yield "credential", "helper", f"!{self._command('credential')}"
        yield 'hook "mine"', "command", self._command("configured hook")
        yield 'hook "mine"', "event", "pre-commit"
        yield "gc", "auto", "1"
        yield "gc", "recentObjectsHook", self._command("gc hook")
        yield 'remote "origin"', "url", str(self.folder)
        yield 'remote "origin"', "uploadpack", self._command("promisor")
        yield 'remote "origin"', "promisor", "true"
        yield 'remote "origin"', "partialclonefilter", "blob:none"
        yield "extensions", "partialClone", "origin"
        yield "core", "repositoryFormatVersion", "1"

    def _command(self, name: str, then: str = "") -> str:
        """A command for a shell, as most settings are."""
        return f"'{self.mark(name, then)}'"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
