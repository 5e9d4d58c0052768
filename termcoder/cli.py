"""The command line: flags become settings, and the parts are put together here and nowhere else."""

import argparse
import gc
import io
import os
import shlex
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, cast

import termcoder
from termcoder import settings as settings_module
from termcoder.errors import SettingsError, TermcoderError
from termcoder.settings import Settings

if TYPE_CHECKING:
    from termcoder.diffs.model import Scope
    from termcoder.opening import Opening

ENGINE_THREAD = "engine"
"""The name of the thread that starts an engine."""
FLAGS = {
    "model": "model.name",
    "engine": "engine.backend",
    "url": "engine.url",
    "context": "engine.context_tokens",
    "threads": "engine.threads",
    "theme": "ui.theme",
}
FORMATS = ("text", "json", "sarif", "markdown", "github")
SEVERITIES = ("critical", "major", "minor", "nit")


def entry() -> NoReturn:
    """What the shell's command runs: `main`, and then the end of the process."""
    code = main()
    if any(thread.name == ENGINE_THREAD for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # a thread is still importing vLLM: torch aborts where Python ends under it
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run termcoder. Returns the exit code: 0 done, 1 an error told on standard error, 2 wrong usage, 130 Ctrl+C."""
    words = list(sys.argv[1:] if argv is None else argv)
    args = parser(words).parse_args(words)
    try:
        return int(args.run(args))
    except TermcoderError as error:
        print(f"termcoder: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The command line. What only one command needs is imported if that is among the `words`."""
    top = argparse.ArgumentParser(prog="termcoder", description="A coding model that runs inside your terminal.")
    top.add_argument("--version", action="version", version=f"termcoder {termcoder.__version__}")
    add_settings_flags(top)
    top.add_argument("-C", dest="folder", type=Path, default=None, metavar="FOLDER", help="the project (default: here)")
    top.set_defaults(run=run_program)
    commands = top.add_subparsers(title="commands", metavar="")
    _add_ask(commands)
    _add_diagnose(commands)
    _add_run(commands)
    _add_review(commands)
    _add_refactor(commands)
    if "models" in words:
        from termcoder.models import commands as model_commands

        model_commands.add_parser(commands)
    else:
        commands.add_parser("models", help="list, fetch and remove models")
    if "quantize" in words:
        from termcoder import quantize_command

        quantize_command.add_parser(commands)
    else:
        commands.add_parser("quantize", help="make an int4 model of your own, calibrated on your source")
    if "sessions" in words:
        from termcoder import sessions_command

        sessions_command.add_parser(commands)
    else:
        commands.add_parser("sessions", help="list, search, export and delete saved sessions")
    if "prompts" in words:
        from termcoder import prompts_command

        prompts_command.add_parser(commands)
    else:
        commands.add_parser("prompts", help="instruction templates")
    return top


def add_settings_flags(target: argparse.ArgumentParser, default: Any = None) -> None:
    """Flags for the settings people change most, and `--set` for any of them.

    `default` is SUPPRESS for a command's own parser, so that it leaves alone what stood before the command.
    """
    group = target.add_argument_group("settings (these win over the environment and the settings file)")
    group.add_argument(
        "--model", default=default, metavar="NAME", help="catalogue name, folder or Hub name; auto: what fits"
    )
    group.add_argument(
        "--engine", default=default, metavar="NAME", help="vllm (in this program), openai (a server), scripted (a demo)"
    )
    group.add_argument(
        "--url", default=default, metavar="URL", help="the OpenAI-compatible server, for --engine openai"
    )
    group.add_argument("--context", default=default, metavar="TOKENS", help="most tokens of prompt and answer together")
    group.add_argument("--threads", default=default, metavar="N", help="CPU threads of the model")
    group.add_argument("--theme", default=default, metavar="NAME", help="colours")
    group.add_argument("--set", metavar="KEY=VALUE", action="append", default=default or [], help="any setting")


def settings_of(args: argparse.Namespace) -> Settings:
    """Settings from the file, the environment and these flags."""
    flags: dict[str, Any] = {key: getattr(args, name) for name, key in FLAGS.items()}
    for pair in args.set:
        key, separator, value = pair.partition("=")
        if not separator:
            raise SettingsError(f"--set {pair!r} has no '='.", remedy="Write it as --set engine.threads=4.")
        flags[key] = value
    if flags["engine.url"] and not flags["engine.backend"]:
        flags["engine.backend"] = "openai"
    return settings_module.load(flags=flags)


def run_program(args: argparse.Namespace) -> int:
    """Open the program in the terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise TermcoderError("termcoder needs a terminal.", remedy="In a pipe, use `termcoder ask` or `diagnose`.")
    return _open_program(args)


def _open_program(args: argparse.Namespace, opening: "Opening | None" = None) -> int:
    gc.disable()  # nothing that is made until the first paint is garbage; the program turns it on again then
    from termcoder.launch import run

    return run(settings_of(args), args.folder or Path.cwd(), opening)


def run_ask(args: argparse.Namespace) -> int:
    """Answer one question on standard output; what the engine prints goes to the log."""
    from termcoder import ask, logs

    settings, question = settings_of(args), ask.whole_question(args.question, sys.stdin, args.template)
    logs.setup_logging()
    with logs.terminal_guard():
        out, err = cast(TextIO, sys.__stdout__), cast(TextIO, sys.__stderr__)
        return ask.ask(settings, args.folder or Path.cwd(), question, out, err)


def run_diagnose(args: argparse.Namespace) -> int:
    """Read a log and diagnose it: in the program where there is a terminal, else on standard output."""
    from termcoder import diagnose

    log = diagnose.read_log(args.log)
    if args.parse_only:
        return diagnose.parse_only(log, as_json=args.json, out=sys.stdout)
    if args.json or args.no_tui or not sys.stdout.isatty():
        return _diagnose_here(args, log)
    _take_keyboard()
    from termcoder.opening import Opening

    return _open_program(args, Opening(log, args.command))


def _diagnose_here(args: argparse.Namespace, log: str) -> int:
    from termcoder import diagnose, logs

    settings = settings_of(args)
    logs.setup_logging()
    with logs.terminal_guard():
        out, err = cast(TextIO, sys.__stdout__), cast(TextIO, sys.__stderr__)
        return diagnose.diagnose(settings, args.folder or Path.cwd(), log, as_json=args.json, out=out, err=err)


def _take_keyboard() -> None:
    """Read keys from the terminal where standard input was the log."""
    if not sys.stdin.isatty():
        try:
            os.dup2(os.open("/dev/tty", os.O_RDWR), 0)
        except OSError as error:
            raise TermcoderError("There is no keyboard to use the program with.", remedy="Add --no-tui.") from error


def run_command(args: argparse.Namespace) -> int:
    """Run a command; where it fails with an error that can be read, open the program on it. Returns its exit code."""
    from termcoder import running

    command = args.words[1:] if args.words[:1] == ["--"] else args.words
    if not command:
        raise TermcoderError("There is no command.", remedy="Write it after --, as in `termcoder run -- pytest -x`.")
    ran = running.run(command)
    if ran.code == 0:
        return 0
    from termcoder.tracebacks import parse
    from termcoder.tracebacks.decoding import decode

    log = decode(ran.output)
    if parse(log).root is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ran.code
    from termcoder.opening import Opening

    _open_program(args, Opening(log, shlex.join(command)))
    return ran.code


def run_review(args: argparse.Namespace) -> int:
    """Review a change; the findings go to standard output, what the engine prints to the log."""
    from termcoder import logs, review_command

    if args.parse_only and args.format not in ("text", "json"):
        args.refuse(f"--parse-only has no findings to print as {args.format}")
    asked = review_command.Asked(
        args.folder or Path.cwd(),
        scope := _scope_of(args),
        args.format,
        args.fail_on,
        None if args.folder else review_command.hook_index(scope),  # git names it to a hook in the project's folder
        args.rules_only,
    )
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what it can't encode
    if args.parse_only:
        return review_command.parse_only(asked, sys.stdout)
    settings = settings_of(args)
    logs.setup_logging()
    with logs.terminal_guard():
        out, err = cast(TextIO, sys.__stdout__), cast(TextIO, sys.__stderr__)
        return review_command.review(settings, asked, out, err)


def _scope_of(args: argparse.Namespace) -> "Scope":
    from termcoder.diffs.model import Scope, ScopeKind

    named = {ScopeKind.COMMIT: args.commit, ScopeKind.RANGE: args.range, ScopeKind.BRANCH: args.branch}
    for kind, what in named.items():
        if what is not None:
            return Scope(kind, what)
    if args.worktree:
        return Scope(ScopeKind.WORKTREE)
    return Scope(ScopeKind.PATCH if args.patch else ScopeKind.STAGED)


def run_refactor(args: argparse.Namespace) -> int:
    """Rewrite lines of a file; the patch goes to standard output, what the engine prints to the log."""
    from termcoder import logs, refactor_command

    if bool(args.target) is args.undo:
        args.refuse("name a file, as app.py:10-40" if not args.undo else "--undo goes with no file")
    settings, folder = settings_of(args), args.folder or Path.cwd()
    if args.undo:
        return refactor_command.undo(settings, folder, sys.stdout)
    asked = refactor_command.Asked(folder, args.target, args.template, args.instruction, args.json, args.apply)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what it can't encode
    logs.setup_logging()
    with logs.terminal_guard():
        out, err = cast(TextIO, sys.__stdout__), cast(TextIO, sys.__stderr__)
        return refactor_command.refactor(settings, asked, out, err)


def _add_diagnose(commands: Any) -> None:
    diagnose = commands.add_parser(
        "diagnose",
        help="the cause of an error log, and fixes",
        description="Find the cause of an error log. Exit code 0: an error was found in it, 4: none was.",
    )
    diagnose.add_argument("log", nargs="?", default="-", help='a file; "-" or nothing: read standard input')
    diagnose.add_argument("--json", action="store_true", help="print one JSON object")
    diagnose.add_argument("--no-tui", action="store_true", help="print the diagnosis instead of opening the program")
    diagnose.add_argument("--parse-only", action="store_true", help="read the log only: no model is needed")
    diagnose.add_argument("--command", default="", metavar="CMD", help="what reproduces the error, to try fixes with")
    add_settings_flags(diagnose, argparse.SUPPRESS)
    diagnose.set_defaults(run=run_diagnose)


def _add_review(commands: Any) -> None:
    review = commands.add_parser(
        "review",
        help="what is wrong with a change, before it is committed",
        description="Review a change; without a word on which, what is staged. "
        "Exit code 0: done, 3: a finding is as bad as --fail-on says, or worse.",
    )
    scope = review.add_argument_group("what is reviewed").add_mutually_exclusive_group()
    scope.add_argument("--staged", action="store_true", help="what is staged (the default)")
    scope.add_argument("--worktree", action="store_true", help="what has changed on the disk and is not staged")
    scope.add_argument("--commit", metavar="REV", help="one commit")
    scope.add_argument("--range", metavar="A..B", help="from one commit to another; A...B: since they parted")
    scope.add_argument("--branch", nargs="?", const="", metavar="BASE", help="this branch since it left BASE")
    scope.add_argument("patch", nargs="?", choices=["-"], metavar="-", help="the diff on standard input")
    review.add_argument("--format", choices=FORMATS, default="text", help="of the report")
    review.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")
    review.add_argument("--fail-on", choices=SEVERITIES, help="exit with 3 where a finding is so bad, or worse")
    review.add_argument("--parse-only", action="store_true", help="tell what has changed: no model is needed")
    review.add_argument("--rules-only", action="store_true", help="find what rules find: no model is needed")
    add_settings_flags(review, argparse.SUPPRESS)
    review.set_defaults(run=run_review, refuse=review.error)


def _add_refactor(commands: Any) -> None:
    refactor = commands.add_parser(
        "refactor",
        help="lines of a file rewritten, as a checked patch",
        description="Rewrite lines of a file; the patch goes to standard output. "
        "Exit code 0: a patch, 3: no usable change came of it.",
    )
    refactor.add_argument("target", nargs="?", metavar="FILE[:LINES|:NAME]", help="app.py:10-40, app.py:total, app.py")
    refactor.add_argument(
        "--template",
        default="simplify",
        metavar="NAME",
        help="what to do: simplify (the default), type-hints, performance, rename, extract-function, or your own",
    )
    refactor.add_argument("--instruction", default="", metavar="TEXT", help='more words on it, as in "old -> new"')
    refactor.add_argument("--json", action="store_true", help="print one JSON object")
    refactor.add_argument("--apply", action="store_true", help="change the file as well")
    refactor.add_argument("--undo", action="store_true", help="take the last change of the project's files back")
    add_settings_flags(refactor, argparse.SUPPRESS)
    refactor.set_defaults(run=run_refactor, refuse=refactor.error)


def _add_run(commands: Any) -> None:
    run = commands.add_parser(
        "run",
        help="run a command, and diagnose it where it fails",
        description="Run a command; its output and exit code are passed through. Where it fails, the program opens.",
    )
    add_settings_flags(run, argparse.SUPPRESS)
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command")
    run.set_defaults(run=run_command)


def _add_ask(commands: Any) -> None:
    ask = commands.add_parser("ask", help="one answer on standard output", description="One answer, then the end.")
    ask.add_argument("question", nargs="*", help='the question; "-" or nothing: read standard input')
    ask.add_argument("--template", metavar="NAME", help="ask with this template (`termcoder prompts list`)")
    add_settings_flags(ask, argparse.SUPPRESS)
    ask.set_defaults(run=run_ask)


if __name__ == "__main__":
    entry()
