"""All sessions: listed, found by a part of the id, renamed, deleted and taken back, split, adopted."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings

from termcoder.conversation import Note, Usage
from termcoder.errors import SessionError
from termcoder.features.session_book import SessionBook
from termcoder.sessions import library as library_module
from termcoder.sessions.library import TRASH, Library, id_of
from termcoder.sessions.schema import SET_ASIDE, Session, new_session, to_json
from termcoder.sessions.store import SessionStore, quick_entry
from tests.sessions.samples import sessions, turn

Make = Callable[..., Session]


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "sessions")


@pytest.fixture
def library(store: SessionStore) -> Library:
    return Library(store)


@pytest.fixture
def make(store: SessionStore, tmp_path: Path) -> Make:
    """Save a session with an id, each later than the one before."""
    clock = iter(range(1, 1000))

    def save(name: str, *questions: str, project: str = "shop") -> Session:
        session = replace(new_session(str(tmp_path / project)), id=name)
        for question in questions or ("Why?",):
            session = session.with_turn(turn(question))
        session = store.save(session)
        at = 1_700_000_000 + next(clock)
        os.utime(store.path_of(session), (at, at))
        return session

    return save


# The list


def test_all_projects_or_one_the_last_saved_first(library: Library, make: Make, tmp_path: Path) -> None:
    for name, project in (("aaaa", "shop"), ("bbbb", "bank"), ("cccc", "shop")):
        make(name, project=project)
    assert [entry.id for entry in library.entries().entries] == ["cccc", "bbbb", "aaaa"]
    assert [entry.id for entry in library.entries(tmp_path / "shop").entries] == ["cccc", "aaaa"]
    assert {entry.project for entry in library.entries(tmp_path / "bank").entries} == {str(tmp_path / "bank")}


def test_without_any_session(library: Library) -> None:
    assert library.entries().entries == ()
    assert library.deleted() == ()


@settings(max_examples=50)
@given(session=sessions)
def test_the_head_of_a_file_tells_what_the_whole_does(session: Session) -> None:
    data = to_json(session).encode("utf-8", "backslashreplace")
    entry = quick_entry(Path("p"), data)
    assert entry is not None
    read = (entry.id, entry.project, entry.title, entry.model, entry.created_at, entry.updated_at, entry.turns)
    whole = (session.id, session.project, session.title, session.model, session.created_at, session.updated_at)
    assert read == (*whole, len(session.turns))


def test_texts_that_look_like_a_file_do_not_mislead_it(library: Library, make: Make) -> None:
    make("aaaa", '","turns":{"chat":[{"id":"1","started_at":"x"},{"id":"2","started_at":"y"}]}}\n', "two")
    (entry,) = library.entries().entries
    assert entry.turns == 2


def test_a_list_parses_no_file_whole(library: Library, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    make("aaaa", "x" * 100_000)
    parsed: list[int] = []
    from_json = library_module.SessionStore.list_of.__globals__["from_json"]
    monkeypatch.setitem(
        library_module.SessionStore.list_of.__globals__,
        "from_json",
        lambda data: (parsed.append(len(data)), from_json(data))[1],
    )
    assert len(library.entries().entries) == 1
    assert max(parsed) < 2000


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: data[:-3], lambda _: b""])
def test_damage_is_told_and_set_aside(
    library: Library, make: Make, store: SessionStore, damage: Callable[[bytes], bytes]
) -> None:
    make("aaaa")
    path = store.path_of(make("bbbb"))
    path.write_bytes(damage(path.read_bytes()))
    listing = library.entries()
    assert [entry.id for entry in listing.entries] == ["aaaa"]
    assert "set aside" in listing.problems[0].message


# Found by the beginning of the id


def test_find(library: Library, make: Make, store: SessionStore) -> None:
    first, second = make("abcd1111"), make("abcd2222", project="bank")
    assert library.find("abcd1") == store.path_of(first)
    assert library.find("abcd2222") == store.path_of(second)
    with pytest.raises(SessionError, match="2 sessions begin with 'abc'"):
        library.find("abc")
    with pytest.raises(SessionError, match="no session 'abcd3111'") as caught:
        library.find("abcd3111")
    assert "abcd1111" in caught.value.remedy
    with pytest.raises(SessionError):
        library.find("")


def test_an_id_that_begins_another_is_found(library: Library, make: Make, store: SessionStore) -> None:
    short, _ = make("abcd"), make("abcd2222")
    assert library.find("abcd") == store.path_of(short)


# Renamed


def test_rename(library: Library, make: Make, store: SessionStore) -> None:
    path = store.path_of(make("aaaa"))
    renamed = library.rename(path, "  A better\ntitle ")
    assert (renamed.title, renamed.titled_by) == ("A better title", "user")
    assert library.load(path) == renamed
    back = library.rename(path, " ")
    assert (back.title, back.titled_by) == ("Why?", "")


def test_renaming_what_a_program_has_open_takes_nothing_from_it(library: Library, make: Make, tmp_path: Path) -> None:
    make("aaaa")
    book = SessionBook(tmp_path / "shop", library._store)
    book.restore()
    SessionStore(library._store.root).save(library.load(library.find("aaaa")))  # another program
    library.rename(library.find("aaaa"), "Renamed")
    book.record(lambda session: session.with_turn(turn("mine")))
    assert book.take_fork()
    assert {entry.title for entry in library.entries().entries} == {"Renamed", "Why?"}


def test_the_open_session_is_renamed_through_its_book(library: Library, make: Make, tmp_path: Path) -> None:
    make("aaaa")
    book = SessionBook(tmp_path / "shop", library._store)
    book.restore()
    book.rename("Renamed")
    book.record(lambda session: session.with_turn(turn("more")))
    assert not book.take_fork()
    assert [(entry.title, entry.turns) for entry in library.entries().entries] == [("Renamed", 2)]


# Opened


def test_a_book_goes_on_with_a_session_as_it_is_on_the_disk(library: Library, make: Make, tmp_path: Path) -> None:
    make("aaaa")
    old = library.load(library.find("aaaa"))
    other = SessionStore(library._store.root)
    other.save(other.load(library.find("aaaa")).with_turn(turn("theirs")))
    book = SessionBook(tmp_path / "shop", library._store)
    book.open(old)
    assert [each.question for each in book.session.turns] == ["Why?", "theirs"]
    book.record(lambda session: session.with_turn(turn("mine")))
    assert not book.take_fork()


def test_a_session_that_is_gone_is_not_opened(library: Library, make: Make, tmp_path: Path) -> None:
    session = make("aaaa")
    library.delete(library.find("aaaa"))
    book = SessionBook(tmp_path / "shop", library._store)
    kept = book.session
    with pytest.raises(SessionError, match="doesn't exist"):
        book.open(session)
    assert book.session == kept


def test_looking_at_a_session_does_not_take_it_over(library: Library, make: Make, tmp_path: Path) -> None:
    make("aaaa")
    book = SessionBook(tmp_path / "shop", library._store)
    book.restore()
    other = SessionStore(library._store.root)
    other.save(other.load(library.find("aaaa")).with_turn(turn("theirs")))
    assert len(library.load(library.find("aaaa")).turns) == 2
    book.record(lambda session: session.with_turn(turn("mine")))
    assert book.take_fork(), "nothing of the other program's was overwritten"


# Deleted and taken back


def test_delete_and_restore(library: Library, make: Make, store: SessionStore) -> None:
    session = make("aaaa")
    path = library.find("aaaa")
    deleted = library.delete(path)
    assert (deleted.id, deleted.original, deleted.path.parent.name) == ("aaaa", path, TRASH)
    assert library.entries().entries == ()
    assert library.deleted() == (deleted,)
    assert library.find_deleted("aa") == deleted
    assert library.restore(deleted) == path
    assert store.load(path) == session
    assert library.deleted() == ()


def test_what_is_there_again_is_not_replaced(library: Library, make: Make, store: SessionStore) -> None:
    session = make("aaaa")
    path = library.find("aaaa")
    deleted = library.delete(path)
    store.save(replace(session, title="again"))
    with pytest.raises(SessionError, match="there again"):
        library.restore(deleted)
    assert store.load(path).title == "again"
    assert deleted.path.exists()


def test_deleting_what_is_gone(library: Library, make: Make) -> None:
    make("aaaa")
    path = library.find("aaaa")
    deleted = library.delete(path)
    with pytest.raises(SessionError, match="can't be deleted"):
        library.delete(path)
    library.restore(deleted).unlink()
    with pytest.raises(SessionError, match="can't be restored"):
        library.restore(deleted)


@pytest.mark.parametrize(("days", "kept"), [(29, True), (31, False)])
def test_the_trash_is_emptied_in_time(library: Library, make: Make, days: int, kept: bool) -> None:
    make("aaaa")
    deleted = library.delete(library.find("aaaa"))
    then = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y%m%dT%H%M%SZ")
    deleted.path.rename(deleted.path.with_name(f"{then}~{deleted.original.name}"))
    library.entries()
    assert len(library.deleted()) == kept


def test_other_files_in_the_trash_are_left_alone(library: Library, make: Make) -> None:
    make("aaaa")
    trash = library.delete(library.find("aaaa")).path.parent
    for name in ("note.txt", "a~b.json", "20200101T000000Z~note.txt"):
        (trash / name).write_text("mine")
    library.entries()
    assert len(library.deleted()) == 1
    assert len(list(trash.iterdir())) == 4


def test_deleted_twice_the_last_is_taken_back(library: Library, make: Make, store: SessionStore) -> None:
    session = make("aaaa")
    first = library.delete(library.find("aaaa"))
    first.path.rename(first.path.with_name(f"20990101T000000Z~{first.original.name}"))
    store.save(replace(session, title="older"))
    library.delete(library.find("aaaa"))
    assert library.load(library.restore(library.find_deleted("aaaa"))).title == "Why?"


# Split and adopted


def test_fork(library: Library, make: Make, store: SessionStore, tmp_path: Path) -> None:
    session = store.load(store.path_of(make("aaaa", "one", "two", "three")))
    ids = [each.id for each in session.turns]
    notes = (Note("of one", ids[0]), Note("of all", ids[2]))
    others = {"review": ({"id": "r"},), SET_ASIDE: ({"id": "old"},)}
    session = store.save(replace(session, memory=notes, other_turns=others))
    forked = library.fork(session, ids[1])
    assert [each.question for each in forked.turns] == ["one", "two"]
    assert (forked.forked_from, forked.title) == ("aaaa", "one")
    assert forked.id != "aaaa"
    assert forked.note.text == "of one", "what the note says of later turns is not in it"
    assert forked.other_turns == {"review": ({"id": "r"},)}
    assert store.load(library.find("aaaa")) == session
    book = SessionBook(tmp_path / "shop", store)
    book.open(forked)
    book.record(lambda old: old.with_turn(turn("on")))
    assert not book.take_fork()


def test_fork_at_the_last_turn_and_at_none(library: Library, make: Make) -> None:
    session = make("aaaa", "one", "two")
    assert library.fork(session, session.turns[-1].id).turns == session.turns
    with pytest.raises(SessionError, match="no turn"):
        library.fork(session, "none")


def test_adopt_takes_a_new_id_where_it_must(library: Library, make: Make, tmp_path: Path) -> None:
    session = make("aaaa")
    again = library.adopt(session)
    assert again.id != "aaaa"
    assert again.turns == session.turns
    other = replace(session, id="bbbb", usage=Usage(1))
    assert library.adopt(other).id == "bbbb"
    library.delete(library.find("bbbb"))
    assert library.adopt(other).id != "bbbb", "it could not be taken back then"


def test_the_id_is_in_the_name() -> None:
    assert id_of(Path("20261123T080000-0a1b2c.json")) == "0a1b2c"
