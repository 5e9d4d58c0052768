"""The command line: flags become settings, and the parts are put together here and nowhere else."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO, cast

import termcoder
from termcoder import settings as settings_module
from termcoder.errors import SettingsError, TermcoderError
from termcoder.settings import Settings

FLAGS = {
    "model": "model.name",
    "engine": "engine.backend",
    "url": "engine.url",
    "context": "engine.context_tokens",
    "threads": "engine.threads",
    "theme": "ui.theme",
}


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
    """The command line. What only `models` needs is imported if that is among the `words`."""
    top = argparse.ArgumentParser(prog="termcoder", description="A coding model that runs inside your terminal.")
    top.add_argument("--version", action="version", version=f"termcoder {termcoder.__version__}")
    add_settings_flags(top)
    top.add_argument("-C", dest="folder", type=Path, default=None, metavar="FOLDER", help="the project (default: here)")
    top.set_defaults(run=run_program)
    commands = top.add_subparsers(title="commands", metavar="")
    _add_ask(commands)
    if "models" in words:
        from termcoder.models import commands as model_commands

        model_commands.add_parser(commands)
    else:
        commands.add_parser("models", help="list, fetch and remove models")
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
        raise TermcoderError("termcoder needs a terminal.", remedy="In a pipe, use `termcoder ask`.")
    gc.disable()  # nothing that is made until the first paint is garbage; the program turns it on again then
    from termcoder.launch import run

    return run(settings_of(args), args.folder or Path.cwd())


def run_ask(args: argparse.Namespace) -> int:
    """Answer one question on standard output; what the engine prints goes to the log."""
    from termcoder import ask, logs

    settings, question = settings_of(args), ask.whole_question(args.question, sys.stdin)
    logs.setup_logging()
    with logs.terminal_guard():
        out, err = cast(TextIO, sys.__stdout__), cast(TextIO, sys.__stderr__)
        return ask.ask(settings, args.folder or Path.cwd(), question, out, err)


def _add_ask(commands: Any) -> None:
    ask = commands.add_parser("ask", help="one answer on standard output", description="One answer, then the end.")
    ask.add_argument("question", nargs="*", help='the question; "-" or nothing: read standard input')
    add_settings_flags(ask, argparse.SUPPRESS)
    ask.set_defaults(run=run_ask)


if __name__ == "__main__":
    sys.exit(main())
