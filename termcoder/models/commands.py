"""`termcoder models list | pull | info | remove`: the command line's part of it, which every start imports.

What the commands do is in `actions`, imported when one of them runs.
"""

import argparse
from collections.abc import Callable
from typing import Any

Runner = Callable[[argparse.Namespace], int]


def add_parser(commands: Any) -> None:
    """Add `models` and its own commands to the subparsers of the command line."""
    models = commands.add_parser("models", help="list, fetch and remove models", description="Models on this machine.")
    models.set_defaults(run=_later("run_list"), json=False)
    actions = models.add_subparsers(title="commands", metavar="")
    listing = _add(actions, "list", _later("run_list"), "every known model, and which are here")
    pull = _add(actions, "pull", _later("run_pull"), "fetch a model and make it ready")
    details = _add(actions, "info", _later("run_info"), "all about one model")
    remove = _add(actions, "remove", _later("run_remove"), "delete a fetched model")
    pull.add_argument("name", nargs="?", default="auto", help='catalogue name or "owner/name"; nothing: what fits here')
    pull.add_argument("--keep-gguf", action="store_true", help="keep the file a model was converted from")
    details.add_argument("name", nargs="?", default="auto")
    remove.add_argument("name")
    for parser in (listing, details):
        parser.add_argument("--json", action="store_true", help="for programs")


def _add(actions: Any, name: str, run: Runner, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text.capitalize() + ".")
    parser.set_defaults(run=run)
    return parser


def _later(name: str) -> Runner:
    def run(args: argparse.Namespace) -> int:
        from termcoder.models import actions

        runner: Runner = getattr(actions, name)
        return runner(args)

    return run
