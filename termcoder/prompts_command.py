"""`termcoder prompts list | show | new | check`: instruction templates, from the shell."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from termcoder import prompts
from termcoder.errors import PromptError
from termcoder.prompts import lint, starting
from termcoder.prompts.template import PromptTemplate
from termcoder.workspace import find_root

COMPLAINED = 3
"""The exit code where a template breaks a rule."""


def add_parser(commands: Any) -> None:
    """Add `prompts` and its own commands to the subparsers of the command line."""
    top = commands.add_parser("prompts", help="instruction templates", description="Instruction templates.")
    top.set_defaults(run=run_list, json=False, all=False)
    actions = top.add_subparsers(title="commands", metavar="")
    listing = _add(actions, "list", run_list, "the templates, and where each comes from")
    listing.add_argument("--all", action="store_true", help="also those that are pieces of the program's features")
    listing.add_argument("--json", action="store_true", help="for programs")
    show = _add(actions, "show", run_show, "print the file of a template")
    show.add_argument("name")
    new = _add(actions, "new", run_new, "begin a template of your own; nothing is written over")
    new.add_argument("name")
    new.add_argument("--from", dest="source", metavar="NAME", help="begin with a copy of this one")
    new.add_argument("--project", action="store_true", help="put it into the project, not into your own folder")
    check = _add(actions, "check", run_check, "check templates; exit code 3: one breaks a rule")
    check.add_argument("files", nargs="*", type=Path, metavar="FILE", help="nothing: every template")
    check.add_argument("--json", action="store_true", help="for programs")


def run_list(args: argparse.Namespace) -> int:
    """Print the templates; what is wrong with those left out goes to standard error."""
    shelf = prompts.shelf(_root(args))
    shown = [each for _, each in sorted(shelf.templates.items())] if args.all else shelf.picked()
    if args.json:
        print(json.dumps([_as_json(each) for each in shown], indent=2))
    else:
        rows = [(_printable(_called(each)), each.place.value, _printable(each.description)) for each in shown]
        print(_table([("NAME", "FROM", "WHAT IT DOES"), *rows]))
    for problem in shelf.problems:
        print(f"termcoder: {_printable(str(problem))}", file=sys.stderr)
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Print a template's file; where it is goes to standard error."""
    path = starting.source_of(args.name, _root(args))
    print(_printable(_text_of(path), keep="\n\t"), end="")
    print(f"termcoder: {_printable(str(path))}", file=sys.stderr)
    return 0


def run_new(args: argparse.Namespace) -> int:
    """Write the beginning of a template, and say where."""
    root = _root(args)
    text = starting.starting_text(args.name)
    if args.source is not None:
        text = starting.copied_text(_text_of(starting.source_of(args.source, root)), args.name)
    path = starting.write_new(args.name, text, root if args.project else None)
    print(f"{_printable(str(path))} is yours to edit. `termcoder prompts check` says what is wrong with it.")
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Print every rule that a template breaks."""
    files = args.files or _all_files(_root(args))
    found = [complaint for path in files for complaint in lint.check_file(path)]
    if not args.files:
        found += [lint.Complaint("", 0, str(problem)) for problem in _left_out(_root(args), found)]
    if args.json:
        print(json.dumps([asdict(complaint) for complaint in found], indent=2))
    else:
        for complaint in found:
            print(_printable(str(complaint)))
        print(f"{len(files)} templates checked, {len(found) or 'no'} complaints.", file=sys.stderr)
    return COMPLAINED if found else 0


def _left_out(root: Path, found: Sequence[lint.Complaint]) -> list[PromptError]:
    """What keeps a template from being used, where no complaint has told it."""
    told = {complaint.path for complaint in found}
    return [problem for problem in prompts.shelf(root).problems if not any(path in str(problem) for path in told)]


def _all_files(root: Path) -> list[Path]:
    return [path for _, folder in prompts.folders(root) for path in sorted(folder.glob("*.md"))]


def _called(template: PromptTemplate) -> str:
    return f"/{template.name}" if template.is_picked else template.name


def _as_json(template: PromptTemplate) -> dict[str, Any]:
    return {
        "name": template.name,
        "feature": template.feature,
        "description": template.description,
        "from": template.place.value,
        "file": template.origin,
        "picked": template.is_picked,
        "variables": dict(template.declared),
        "trial": template.trial,
    }


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path} can't be read: {error}.", remedy="Mend it or remove it.") from error


def _root(args: argparse.Namespace) -> Path:
    return find_root(args.folder or Path.cwd())


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _printable(text: str, keep: str = "") -> str:
    """Text from a file as a terminal can show it, and doesn't obey it."""
    return "".join(each if each.isprintable() or each in keep else "\N{REPLACEMENT CHARACTER}" for each in text)


def _add(actions: Any, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=text.capitalize() + ".")
    parser.set_defaults(run=run)
    return parser
