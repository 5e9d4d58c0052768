"""`termcoder sessions`: saved sessions from the shell, for people and scripts.

Exit codes: 0 done, 1 an error told on standard error, 4 a search found nothing.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from termcoder.errors import SessionError, TermcoderError

if TYPE_CHECKING:  # what only one of these commands needs is imported when it runs
    from termcoder.sessions.library import Library
    from termcoder.sessions.search import Hit
    from termcoder.sessions.store import SessionEntry

DONE, NOTHING_FOUND = 0, 4
ID_LENGTH = 8
MOST_HITS = 50

_EXPORTS = ("markdown", "html", "json")
_EPILOG = """An ID may be cut short, as long as it fits one session only.

examples:
  termcoder sessions list --all
  termcoder sessions search '"connection reset" retry' --all
  termcoder sessions export 1f3a --format html -o answer.html
"""


def add_parser(commands: Any) -> None:
    """Add `sessions` and its own commands to the subparsers of the command line."""
    sessions = commands.add_parser(
        "sessions",
        help="list, search, export and delete saved sessions",
        description="Saved sessions. Exit code 0: done, 1: an error, 4: a search found nothing.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sessions.set_defaults(run=run_list, json=False, project=None, all=False, deleted=False)
    actions = sessions.add_subparsers(title="commands", metavar="")
    listing = _add(actions, "list", run_list, "the project's sessions, the last saved first")
    listing.add_argument("--deleted", action="store_true", help="those in the trash, the last deleted first")
    show = _add(actions, "show", run_show, "print a session as Markdown")
    search = _add(actions, "search", run_search, "find words in titles, questions, answers, logs and findings")
    search.add_argument("words", nargs="+", metavar="WORD", help="all of them in one turn; '\"so quoted\"': a phrase")
    search.add_argument("--most", type=int, default=MOST_HITS, metavar="N", help=f"hits at most (default {MOST_HITS})")
    export = _add(actions, "export", run_export, "write a session to a file or to standard output")
    export.add_argument("--format", choices=_EXPORTS, default="markdown", help="json can be imported again")
    export.add_argument("-o", "--output", type=Path, metavar="FILE", help="a file, or a folder that gets one")
    export.add_argument("--force", action="store_true", help="replace the file if it is there")
    delete = _add(actions, "rm", run_rm, "move sessions to the trash, where they are kept for 30 days")
    delete.add_argument("ids", nargs="+", metavar="ID")
    restore = _add(actions, "restore", run_restore, "take a session back from the trash")
    rename = _add(actions, "rename", run_rename, "give a session another title")
    importing = _add(actions, "import", run_import, "add a session from an exported JSON file")
    importing.add_argument("file", metavar="FILE", help='"-": read standard input')
    importing.add_argument("--project", type=Path, metavar="DIR", help="to this project (default: the file's own)")
    for parser in (show, export, restore, rename):
        parser.add_argument("id", metavar="ID")
    rename.add_argument("title", metavar="TITLE", help='"": the beginning of the first question')
    for parser in (listing, search):
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--project", type=Path, metavar="DIR", help="of another project (default: this one)")
        where.add_argument("--all", action="store_true", help="of all projects")
    for parser in (listing, search, show):
        parser.add_argument("--json", action="store_true", help="print one JSON object")


def run_list(args: argparse.Namespace) -> int:
    """Print a table of sessions, or JSON."""
    if args.deleted:
        return _list_deleted(args)
    found = _library().entries(_project(args))
    if args.json:
        problems = [str(problem) for problem in found.problems]
        _print_json({"sessions": [_entry_json(entry) for entry in found.entries], "problems": problems})
        return DONE
    from termcoder.sessions.table import sessions_table

    _print(sessions_table(found.entries, _width(), projects=args.all) or ["No sessions are saved here yet."])
    for problem in found.problems:
        print(f"termcoder: {_plain(str(problem))}", file=sys.stderr)
    return DONE


def _list_deleted(args: argparse.Namespace) -> int:
    library = _library()
    found = library.deleted(_project(args))
    if args.json:
        names = [{"id": each.id, "deleted_at": each.deleted_at, "path": str(each.path)} for each in found]
        _print_json({"deleted": names})
        return DONE
    rows = [f"{each.id[:ID_LENGTH]}  {_when(each.deleted_at)}  {_title(library, each.path)}" for each in found]
    _print(rows or ["The trash is empty."])
    return DONE


def run_show(args: argparse.Namespace) -> int:
    """Print one session."""
    from termcoder.sessions.exporting import export

    library = _library()
    session = library.load(library.find(args.id))
    _print([export(session, "json" if args.json else "markdown").removesuffix("\n")])
    return DONE


def run_search(args: argparse.Namespace) -> int:
    """Print where all the words are."""
    from termcoder.sessions.search import search
    from termcoder.sessions.store import SessionStore

    hits = list(islice(search(SessionStore(), " ".join(args.words), _project(args)), max(1, args.most)))
    if args.json:
        _print_json({"hits": [_hit_json(hit) for hit in hits]})
    elif hits:
        _print(_hit_lines(hits, _coloured(sys.stdout)))
    else:
        print("Nothing was found.", file=sys.stderr)
    return DONE if hits else NOTHING_FOUND


def run_export(args: argparse.Namespace) -> int:
    """Write one session in another form."""
    from termcoder import atomic
    from termcoder.sessions.exporting import export, file_name

    library = _library()
    session = library.load(library.find(args.id))
    text = export(session, args.format)
    if args.output is None:
        _print([text.removesuffix("\n")])
        return DONE
    target: Path = args.output / file_name(session, args.format) if args.output.is_dir() else args.output
    if target.exists() and not args.force:
        raise SessionError(f"{target} is there already.", remedy="Add --force to replace it.")
    try:
        atomic.write(target, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise SessionError(f"{target} can't be written: {error.strerror or error}.") from error
    _print([f"Written to {target}"])
    return DONE


def run_rm(args: argparse.Namespace) -> int:
    """Move sessions to the trash; none of them where one can't be found."""
    library = _library()
    for path in [library.find(prefix) for prefix in dict.fromkeys(args.ids)]:
        title = _title(library, path)
        deleted = library.delete(path)
        short = deleted.id[:ID_LENGTH]
        _print([f"Deleted {short}  {title}", f"Take it back within 30 days: termcoder sessions restore {short}"])
    return DONE


def run_restore(args: argparse.Namespace) -> int:
    """Take a session back."""
    library = _library()
    path = library.restore(library.find_deleted(args.id))
    _print([f"Restored {_short(path)}  {_title(library, path)}"])
    return DONE


def run_rename(args: argparse.Namespace) -> int:
    """Give a session another title."""
    library = _library()
    session = library.rename(library.find(args.id), args.title)
    _print([f"Renamed {session.id[:ID_LENGTH]}  {_plain(session.title)}"])
    return DONE


def run_import(args: argparse.Namespace) -> int:
    """Add a session from a file."""
    from termcoder.sessions.importing import imported, moved_to, read_export
    from termcoder.workspace import find_root

    piped = args.file == "-"
    session = imported(sys.stdin.buffer.read(), "standard input") if piped else read_export(Path(args.file))
    if args.project is not None:
        session = moved_to(session, find_root(_folder(args.project)))
    saved = _library().adopt(session)
    _print([f"Imported {saved.id[:ID_LENGTH]}  {_plain(saved.title)}", f"It belongs to {_plain(saved.project)}"])
    if not Path(saved.project).is_dir():
        print("That folder isn't on this machine; --project DIR gives it to another.", file=sys.stderr)
    return DONE


def _add(actions: Any, name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(run=run)
    return parser


def _library() -> "Library":
    from termcoder.sessions.library import Library
    from termcoder.sessions.store import SessionStore

    return Library(SessionStore())


def _project(args: argparse.Namespace) -> Path | None:
    """The project that is meant; None: all."""
    from termcoder.workspace import find_root

    if args.all:
        return None
    return find_root(_folder(args.project) if args.project else args.folder or Path.cwd())


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise TermcoderError(f"{path} is no folder.", remedy="Name the project's folder.")
    return path


def _entry_json(entry: "SessionEntry") -> dict[str, Any]:
    return {
        "id": entry.id,
        "title": entry.title,
        "project": entry.project,
        "model": entry.model,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
        "turns": entry.turns,
        "path": str(entry.path),
    }


def _hit_json(hit: "Hit") -> dict[str, Any]:
    place = {"pane": hit.pane, "turn": hit.turn_id, "excerpt": hit.excerpt, "spans": hit.spans}
    return {"session": _entry_json(hit.entry), **place}


def _hit_lines(hits: Sequence["Hit"], coloured: bool) -> Iterable[str]:
    """The hits of each session below its name."""
    from termcoder.sessions.table import cropped

    width = _width()
    last = ""
    for hit in hits:
        if hit.entry.id != last:
            last = hit.entry.id
            heading = f"{last[:ID_LENGTH]}  {_when(hit.entry.updated_at)}  {_plain(hit.entry.title)}"
            yield cropped(heading, width) if width else heading
        if hit.pane:
            yield f"    {_plain(hit.pane)}: {_marked(hit, coloured)}"


def _marked(hit: "Hit", coloured: bool) -> str:
    """The excerpt, the words in bold."""
    begin, end = ("\x1b[1m", "\x1b[0m") if coloured else ("", "")
    pieces, at = [], 0
    for first, last in hit.spans:
        pieces += [_safe(hit.excerpt[at:first]), begin, _safe(hit.excerpt[first:last]), end]
        at = last
    return "".join([*pieces, _safe(hit.excerpt[at:])])


def _title(library: "Library", path: Path) -> str:
    try:
        return _plain(library.load(path).title)
    except SessionError:
        return "(it can't be read)"


def _short(path: Path) -> str:
    from termcoder.sessions.library import id_of

    return id_of(path)[:ID_LENGTH]


def _when(time: str) -> str:
    from termcoder.sessions.table import when

    return when(time)


def _plain(text: str) -> str:
    from termcoder.sessions.document import one_line

    return one_line(text)


def _safe(text: str) -> str:
    from termcoder.sessions.document import visible

    return visible(text)


def _width() -> int:
    """Columns of the terminal; 0: the output is no terminal, and nothing is cut."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def _coloured(out: TextIO) -> bool:
    import os

    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print_json(value: Any) -> None:
    _print([json.dumps(value, ensure_ascii=True)])


def _print(lines: Iterable[str]) -> None:
    import io

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what it can't encode
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise TermcoderError(f"The output can't be written: {error.strerror}.") from error
