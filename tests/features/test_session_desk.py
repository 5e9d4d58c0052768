"""What is done with sessions at the desk, the one that the program has open included."""

import threading
from pathlib import Path

import pytest

from termcoder.conversation import Turn
from termcoder.errors import SessionError
from termcoder.features import session_desk
from termcoder.features.session_book import SessionBook
from termcoder.features.session_desk import SessionDesk
from termcoder.sessions.schema import Session
from termcoder.sessions.store import SessionEntry, SessionStore


@pytest.fixture
def book(tmp_path: Path) -> SessionBook:
    project = tmp_path / "home" / "work" / "project"
    project.mkdir(parents=True)
    return SessionBook(project, SessionStore())


def ask(book: SessionBook, *questions: str) -> Session:
    """Ask and save; returns the session."""
    for question in questions:
        turn = Turn(f"id-{question}", question, "an answer about apples", started_at="2026-03-14T08:00:00Z")
        book.record(lambda session, turn=turn: session.with_turn(turn))
    return book.session


def entries(desk: SessionDesk) -> dict[str, SessionEntry]:
    return {entry.title: entry for entry in desk.entries(all_projects=False).entries}


def find(desk: SessionDesk, query: str) -> list[tuple[str, str, int]]:
    found = desk.search(query, threading.Event(), all_projects=True)
    return [(each.hit.entry.title, each.hit.turn_id, each.more) for each in found]


def test_renaming_the_open_session_is_not_undone_by_its_next_save(book: SessionBook) -> None:
    ask(book, "one")
    desk = SessionDesk(book)
    desk.rename(entries(desk)["one"], "better")
    ask(book, "two")
    assert not book.take_fork()
    assert list(entries(desk)) == ["better"]


def test_renaming_another_session_leaves_the_open_one_alone(book: SessionBook) -> None:
    ask(book, "one")
    book.start_new()
    ask(book, "two")
    desk = SessionDesk(book)
    desk.rename(entries(desk)["one"], "first")
    assert book.session.title == "two"
    assert set(entries(desk)) == {"first", "two"}


def test_what_is_deleted_while_it_is_open_does_not_come_back_by_itself(book: SessionBook) -> None:
    ask(book, "one")
    desk = SessionDesk(book)
    deleted = desk.delete(entries(desk)["one"])
    ask(book, "two")
    assert list(entries(desk)) == ["two"]
    desk.take_back(deleted)
    assert set(entries(desk)) == {"one", "two"}


def test_without_a_name_the_last_deleted_is_taken_back(book: SessionBook) -> None:
    ask(book, "one")
    desk = SessionDesk(book)
    with pytest.raises(SessionError, match="No deleted session"):
        desk.take_back(None)
    path = desk.delete(entries(desk)["one"]).original
    assert SessionDesk(book).take_back(None) == path


def test_a_fork_has_everything_up_to_the_turn_and_the_old_session_stays(book: SessionBook) -> None:
    old = ask(book, "one", "two", "three")
    desk = SessionDesk(book)
    desk.fork("id-two")
    assert [turn.question for turn in book.session.turns] == ["one", "two"]
    assert book.session.forked_from == old.id
    ask(book, "other")
    assert len(desk.entries(all_projects=False).entries) == 2
    assert [turn.question for turn in desk.load(SessionStore().path_of(old)).turns] == ["one", "two", "three"]


def test_resuming_reads_the_session_as_it_is_on_the_disk(book: SessionBook) -> None:
    old = ask(book, "one")
    desk = SessionDesk(book)
    entry = entries(desk)["one"]
    book.start_new()
    desk.rename(entry, "renamed")
    desk.resume(entry)
    assert (book.session.id, book.session.title) == (old.id, "renamed")
    ask(book, "two")
    assert not book.take_fork()


def test_what_could_not_be_saved_is_saved_before_another_session_is_opened(
    book: SessionBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(book, "one")
    book.start_new()

    def full(self: SessionStore, session: Session) -> Session:
        raise SessionError("The disk is full.")

    with monkeypatch.context() as broken, pytest.raises(SessionError):
        broken.setattr(SessionStore, "save", full)
        ask(book, "two")
    desk = SessionDesk(book)
    with monkeypatch.context() as broken:
        broken.setattr(SessionStore, "save", full)
        for act in (desk.start_new, lambda: desk.resume(entries(desk)["one"])):
            with pytest.raises(SessionError, match="full"):
                act()
        assert book.session.title == "two"
    desk.resume(entries(desk)["one"])
    assert set(entries(desk)) == {"one", "two"}


def test_a_session_of_another_project_is_not_resumed(book: SessionBook, tmp_path: Path) -> None:
    other = SessionBook(tmp_path, SessionStore())
    ask(other, "one")
    desk = SessionDesk(book)
    (entry,) = desk.entries(all_projects=True).entries
    with pytest.raises(SessionError, match="another project"):
        desk.resume(entry)


def test_a_search_prefers_a_turn_to_the_title_and_counts_the_rest(
    book: SessionBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_desk, "MOST_HITS", 3)
    ask(book, "apples", "pears")
    book.start_new()
    ask(book, *(f"question {number}" for number in range(6)))
    assert find(SessionDesk(book), "apples") == [("apples", "id-pears", 1), ("question 0", "id-question 5", 3)]
    assert find(SessionDesk(book), "pears") == [("apples", "id-pears", 0)]
    assert find(SessionDesk(book), "plums") == []


def test_a_stopped_search_finds_no_more(book: SessionBook) -> None:
    ask(book, "apples")
    stop = threading.Event()
    stop.set()
    assert SessionDesk(book).search("apples", stop, all_projects=True) == ()


def test_exports_are_offered_beside_the_project_and_come_back(book: SessionBook) -> None:
    ask(book, "one")
    desk = SessionDesk(book)
    path = desk.export_path(entries(desk)["one"], "json")
    assert path.parent == Path(desk.project).parent
    assert desk.export(entries(desk)["one"], "json", path)
    assert not desk.export(entries(desk)["one"], "markdown", path)
    assert desk.export(entries(desk)["one"], "json", path, replace=True)
    taken = desk.load(desk.take_in(path))
    assert taken.id != book.session.id
    assert [turn.question for turn in taken.turns] == ["one"]


def test_a_project_at_the_top_is_exported_to_the_home() -> None:
    book = SessionBook(Path("/project"), SessionStore())
    ask(book, "one")
    desk = SessionDesk(book)
    assert desk.export_path(entries(desk)["one"], "html").parent == Path.home()
