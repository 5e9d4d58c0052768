"""The journal of a running turn: what a program that died has left, and who may take it in."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.conversation import Turn, TurnState
from termcoder.errors import DamagedSessionError, SessionError
from termcoder.features import session_book
from termcoder.features.session_book import SessionBook, TurnJournal
from termcoder.sessions import journal
from termcoder.sessions.journal import JournalFile, files_in, merged, read
from termcoder.sessions.schema import Session, new_session
from termcoder.sessions.store import SessionStore
from tests.sessions.samples import PROJECT, turn

RUNNING = Turn("t1", "Why?", state=TurnState.INTERRUPTED, started_at="2026-11-23T08:00:00Z")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture
def book(root: Path, tmp_path: Path) -> SessionBook:
    """A session with a finished turn and one that was begun."""
    made = SessionBook(tmp_path, SessionStore(root))
    made.record(lambda session: session.with_turn(turn("first")).with_turn(RUNNING))
    return made


def left(book: SessionBook, *pieces: str, of: Turn = RUNNING) -> Path:
    """What a program leaves that dies after it has written `pieces`."""
    file = book.open_journal(of)
    assert file is not None
    for piece in pieces:
        file.append(piece)
    path = file._path
    os.close(file._descriptor)
    return path


def folder_of(book: SessionBook) -> Path:
    assert book.store is not None
    return book.store.path_of(book.session).parent


def again(root: Path, project: Path) -> Session:
    session = SessionStore(root).latest(project).session
    assert session is not None
    return session


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.01)


# The file


@settings(max_examples=40)
@given(pieces=st.lists(st.text(min_size=1), max_size=5), cut=st.integers(0, 60))
def test_every_whole_line_counts(tmp_path_factory: pytest.TempPathFactory, pieces: list[str], cut: int) -> None:
    session_file = tmp_path_factory.mktemp("journal") / "a-abcd.json"
    file = JournalFile(session_file, new_session(PROJECT), RUNNING)
    lengths = [os.fstat(file._descriptor).st_size]
    for piece in pieces:
        file.append(piece)
        lengths.append(os.fstat(file._descriptor).st_size)
    data = file._path.read_bytes()
    file.remove()
    data = data[: max(0, len(data) - cut)]
    whole = sum(length <= len(data) for length in lengths) - 1
    session = read(data)
    if whole < 0:
        assert session is None
    else:
        assert session is not None
        assert session.turns == (replace(RUNNING, answer="".join(pieces[:whole])),)
    assert not session_file.parent.joinpath(file._path.name).exists()


def test_it_is_private_and_hidden(book: SessionBook) -> None:
    path = left(book, "text")
    assert path.name.startswith(".")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("line", [b"{}", b"7", b"no json", b'{"a":"b"}'])
def test_what_follows_a_bad_line_is_left_out(book: SessionBook, line: bytes) -> None:
    path = left(book, "one ")
    path.write_bytes(path.read_bytes() + line + b'\n"two"\n')
    session = read(path.read_bytes())
    assert session is not None
    assert session.turns[0].answer == "one "


@pytest.mark.parametrize("data", [b"{}\n", b"[]\n", b'"text"\n', b"\xff\n"])
def test_what_is_no_journal(data: bytes) -> None:
    with pytest.raises(DamagedSessionError):
        read(data)


def test_a_session_is_no_journal() -> None:
    whole = new_session(PROJECT).with_turn(turn("one")).with_turn(turn("two"))
    from termcoder.sessions.schema import to_json

    with pytest.raises(DamagedSessionError, match="no journal"):
        read(to_json(whole).encode())


@settings(max_examples=50)
@given(before=st.text(max_size=6), after=st.text(max_size=6), state=st.sampled_from(TurnState))
def test_nothing_that_is_there_gets_less(before: str, after: str, state: TurnState) -> None:
    session = new_session(PROJECT).with_turn(replace(RUNNING, answer=before, state=state))
    told = replace(session, turns=(replace(RUNNING, answer=after),))
    (result,) = merged(session, told).turns
    if state is TurnState.INTERRUPTED:
        assert result.answer == max((before, after), key=len)
    else:
        assert result == session.turns[0]


# Taken in


def test_what_a_dead_program_left_is_in_the_session(book: SessionBook, root: Path, tmp_path: Path) -> None:
    left(book, "It sl", "eeps.")
    session = again(root, tmp_path)
    assert [each.answer for each in session.turns] == ["An answer.", "It sleeps."]
    assert session.turns[1].state is TurnState.INTERRUPTED
    assert files_in(folder_of(book)) == []
    assert again(root, tmp_path) == session, "and it was written"


def test_a_list_and_a_single_session_take_it_in_too(book: SessionBook, root: Path, tmp_path: Path) -> None:
    store = SessionStore(root)
    path = store.path_of(book.session)
    left(book, "listed")
    assert len(store.list_of(tmp_path).entries) == 1
    assert store.load(path).turns[1].answer == "listed"
    left(book, "listed and loaded")
    assert store.load(path).turns[1].answer == "listed and loaded"


def test_what_was_saved_since_is_not_replaced(book: SessionBook, root: Path, tmp_path: Path) -> None:
    whole = replace(RUNNING, answer="All of it.", state=TurnState.COMPLETE)
    left(book, "All of it")
    book.record(lambda session: session.with_turn(whole))
    assert again(root, tmp_path).turns[1] == whole
    assert files_in(folder_of(book)) == []


def test_the_journal_of_a_program_that_lives_is_left_alone(book: SessionBook, root: Path, tmp_path: Path) -> None:
    file = book.open_journal(RUNNING)
    assert file is not None
    file.append("so far")
    assert again(root, tmp_path).turns[1].answer == ""
    assert len(files_in(folder_of(book))) == 1
    file.remove()


def test_without_its_session_the_turn_is_a_session(book: SessionBook, root: Path, tmp_path: Path) -> None:
    left(book, "kept")
    SessionStore(root).path_of(book.session).unlink()
    session = again(root, tmp_path)
    assert (session.id, session.title) == (book.session.id, "first")
    assert [each.answer for each in session.turns] == ["kept"]


def test_a_damaged_session_does_not_take_the_journal_with_it(book: SessionBook, root: Path, tmp_path: Path) -> None:
    store = SessionStore(root)
    left(book, "kept")
    store.path_of(book.session).write_bytes(b"{")
    assert store.latest(tmp_path).session is None
    assert [each.answer for each in again(root, tmp_path).turns] == ["kept"]


def test_a_damaged_journal_is_set_aside(book: SessionBook, root: Path, tmp_path: Path) -> None:
    left(book, "lost").write_bytes(b"{}\n")
    assert len(again(root, tmp_path).turns) == 2
    assert files_in(folder_of(book)) == []
    assert len(list(folder_of(book).glob(".*.damaged"))) == 1


def test_an_empty_journal_is_removed(book: SessionBook, root: Path, tmp_path: Path) -> None:
    left(book).write_bytes(b"")
    assert len(again(root, tmp_path).turns) == 2
    assert files_in(folder_of(book)) == []


def test_a_journal_of_a_newer_program_stays(book: SessionBook, root: Path, tmp_path: Path) -> None:
    path = left(book, "later")
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":99'))
    assert len(again(root, tmp_path).turns) == 2
    assert files_in(folder_of(book)) == [path]


def test_one_that_can_not_be_written_in_stays(
    book: SessionBook, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = left(book, "more")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("termcoder.atomic.write", full)
        assert again(root, tmp_path).turns[1].answer == ""
    assert files_in(folder_of(book)) == [path]
    assert again(root, tmp_path).turns[1].answer == "more"


def test_two_programs_on_one_session_each_keep_theirs(book: SessionBook, root: Path, tmp_path: Path) -> None:
    other = SessionBook(tmp_path, SessionStore(root))
    other.restore()
    mine = book.open_journal(RUNNING)
    assert mine is not None
    mine.append("mine so far")
    theirs = replace(RUNNING, id="t2", question="Theirs?")
    other.record(lambda session: session.with_turn(theirs))
    left(other, "theirs, cut off", of=theirs)
    answers = {each.id: each.answer for each in again(root, tmp_path).turns}
    assert answers["t2"] == "theirs, cut off"
    assert answers["t1"] == "", "the one that lives has it in its journal"
    book.record(lambda session: session.with_turn(replace(RUNNING, answer="Mine.", state=TurnState.COMPLETE)))
    book.release(mine)
    assert book.take_fork(), "the file holds something this program hasn't seen"
    found = SessionStore(root).list_of(tmp_path)
    told = [each.answer for entry in found.entries for each in SessionStore(root).load(entry.path).turns]
    assert {"theirs, cut off", "Mine."} <= set(told)


# Written while the turn runs


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_book, "JOURNAL_SECONDS", 0.01)


def written(book: SessionBook) -> str:
    texts = [read(path.read_bytes()) for path in files_in(folder_of(book))]
    return "".join(session.turns[0].answer for session in texts if session is not None)


@pytest.mark.usefixtures("quick")
async def test_what_is_streamed_is_on_the_disk_soon(book: SessionBook) -> None:
    running = book.journal(RUNNING)
    for piece in ("It ", "sleeps", "."):
        running.append(piece)
    await eventually(lambda: written(book) == "It sleeps.")
    running.append(" Too long.")
    await eventually(lambda: written(book) == "It sleeps. Too long.")
    running.close()
    assert files_in(folder_of(book)) == []


async def test_it_writes_at_most_once_in_a_while(book: SessionBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_book, "JOURNAL_SECONDS", 3600.0)
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    running = book.journal(RUNNING)
    running.append("first")
    await eventually(lambda: written(book) == "first")
    for _ in range(1000):
        running.append("more")
    assert len(synced) == 1
    running.close()
    assert files_in(folder_of(book)) == []


def test_without_a_piece_there_is_no_file(book: SessionBook) -> None:
    running = book.journal(RUNNING)
    assert files_in(folder_of(book)) == []
    running.close()


@pytest.mark.usefixtures("quick")
async def test_where_nothing_is_saved_nothing_is_journalled(tmp_path: Path) -> None:
    running = SessionBook(tmp_path, None).journal(RUNNING)
    running.append("text")
    await eventually(lambda: not running._waiting)
    running.close()
    assert list(tmp_path.rglob("*.journal")) == []


@pytest.mark.usefixtures("quick")
async def test_a_turn_that_could_not_be_saved_keeps_its_journal(
    book: SessionBook, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Session:
        raise SessionError("The disk is full.")

    running = book.journal(RUNNING)
    running.append("All of it.")
    with monkeypatch.context() as patch:
        patch.setattr(SessionStore, "save", full)
        with pytest.raises(SessionError):
            book.record(lambda session: session.with_turn(replace(RUNNING, answer="All of it.")))
        running.append(" The end.")
        running.close()
        assert written(book) == "All of it. The end."
    book.record(lambda session: session)
    assert files_in(folder_of(book)) == [], "the next save that works removes it"


@pytest.mark.usefixtures("quick")
async def test_it_follows_the_session_into_a_copy(book: SessionBook, root: Path, tmp_path: Path) -> None:
    running = book.journal(RUNNING)
    running.append("one ")
    await eventually(lambda: written(book) == "one ")
    other = SessionBook(tmp_path, SessionStore(root))
    other.restore()
    other.record(lambda session: session.with_turn(turn("theirs")))
    book.record_other("review", {"id": "r"})
    assert book.take_fork()
    running.append("two")
    await eventually(lambda: written(book) == "one two")
    (path,) = files_in(folder_of(book))
    assert book.session.id in path.name
    running.close()


@pytest.mark.usefixtures("quick")
async def test_a_disk_that_takes_no_journal_does_not_stop_the_turn(
    book: SessionBook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal.os, "fdatasync", full)
    running: TurnJournal = book.journal(RUNNING)
    running.append("text")
    await eventually(lambda: "can't be journalled" in caplog.text)
    running.append("more")
    running.close()
    assert files_in(folder_of(book)) == []


def test_a_child_process_does_not_hold_it(book: SessionBook, root: Path, tmp_path: Path) -> None:
    file = book.open_journal(RUNNING)
    assert file is not None
    file.append("said")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        os.close(file._descriptor)
        assert again(root, tmp_path).turns[1].answer == "said"
        child.communicate(b"\n")
