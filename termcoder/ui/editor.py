"""Lets the user write a text in their own editor, on the real terminal."""

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

from textual.app import App, SuspendNotSupported

from termcoder.errors import EditorError

FALLBACKS = ("nano", "vim", "vi")
"""Tried in this order where neither $VISUAL nor $EDITOR is set."""


async def edit_text(app: App[object], text: str, suffix: str = ".md") -> str | None:
    """Open `text` in the user's editor and return what was saved; None where nothing was changed.

    The program gives up the terminal meanwhile, its event loop goes on. One newline that an editor adds at the
    end is taken off again. Raises EditorError; the text that was written is lost only with an error that says so.
    """
    command = editor_command(os.environ)
    with _private_file(text, suffix) as file:
        with _terminal_given_up(app):
            status = await _run([*command, str(file)])
        if status != 0:
            raise EditorError(
                f"The editor {command[0]!r} ended with status {status}.", remedy="The message is unchanged."
            )
        written = _read(file)
    if not text.endswith("\n"):
        written = written.removesuffix("\n")
    return written if written != text else None


async def open_file(app: App[object], file: Path, line: int) -> None:
    """Open a file at a line in the user's editor, and wait until it is closed. Raises EditorError."""
    command = editor_command(os.environ)
    with _terminal_given_up(app):
        status = await _run([*command, *_at_line(command[0], file, line)])
    if status != 0:
        raise EditorError(f"The editor {command[0]!r} ended with status {status}.", remedy="Check $EDITOR.")


_GOTO = {"code": "-g", "code-insiders": "-g", "codium": "-g", "cursor": "-g", "windsurf": "-g"}
_COLON = {"subl", "hx", "helix", "zed", "zeditor", "lapce", "micro"}
_LINE_OPTION = {"idea", "pycharm", "webstorm", "goland", "clion", "rubymine", "phpstorm", "rider", "kate", "gedit"}


def _at_line(editor: str, file: Path, line: int) -> list[str]:
    """The arguments that open a file at a line. Most editors take `+LINE`; the others are known by name."""
    name = os.path.basename(editor)
    if name in _GOTO:
        return ["--wait", _GOTO[name], f"{file}:{line}"]
    if name in _COLON:
        return [f"{file}:{line}"]
    if name in _LINE_OPTION:
        return ["--line", str(line), str(file)]
    return [f"+{line}", str(file)]


def editor_command(env: Mapping[str, str]) -> list[str]:
    """The editor and its arguments from $VISUAL, else $EDITOR, else one that is installed; no shell is involved."""
    for variable in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(env.get(variable, ""))
        except ValueError as error:
            raise EditorError(f"${variable} can't be understood: {error}.", remedy="Correct its quotes.") from error
        if words and shutil.which(words[0]):
            return words
        if words:
            raise EditorError(f"The editor {words[0]!r} isn't installed.", remedy=f"Set ${variable} to one that is.")
    for name in FALLBACKS:
        if shutil.which(name):
            return [name]
    raise EditorError("No editor was found.", remedy="Set $EDITOR to the one you use.")


@contextlib.contextmanager
def _private_file(text: str, suffix: str) -> Iterator[Path]:
    """A file only the user can read (0600 in a folder of 0700), gone afterwards with all an editor leaves beside it."""
    import tempfile  # not needed for the start

    with tempfile.TemporaryDirectory(prefix="termcoder-") as folder:
        file = Path(folder, f"message{suffix}")
        with open(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
        ) as output:
            output.write(text)
        yield file


@contextlib.contextmanager
def _terminal_given_up(app: App[object]) -> Iterator[None]:
    """Hand the terminal over. Nothing may be drawn meanwhile: the thread that writes to it is stopped."""
    try:
        with app.batch_update(), app.suspend():
            yield
    except SuspendNotSupported as error:
        raise EditorError("This terminal can't be handed to an editor.", remedy="Write the message here.") from error


async def _run(command: list[str]) -> int:
    """Run the editor on the terminal itself: descriptors 1 and 2 may lead to the log file."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise EditorError("There is no terminal to open an editor on.", remedy="Write the message here.") from error
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGINT, lambda: None)  # Ctrl+C there is for the editor alone
        process = await asyncio.create_subprocess_exec(*command, stdin=terminal, stdout=terminal, stderr=terminal)
        return await process.wait()
    except OSError as error:
        raise EditorError(
            f"The editor {command[0]!r} can't be started: {error.strerror}.", remedy="Check $EDITOR."
        ) from error
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        os.close(terminal)


def _read(file: Path) -> str:
    try:
        with open(file, encoding="utf-8", newline="") as written:
            return written.read()
    except (OSError, UnicodeDecodeError) as error:
        raise EditorError(
            f"What the editor saved can't be read: {error}.", remedy="The message is unchanged."
        ) from error
