"""Sessions on disk: atomic, private, shared between programs, damage set aside."""

import errno
import multiprocessing
import os
import random
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from termcoder import paths
from termcoder.errors import DamagedSessionError, NewerSessionError, SessionError
from termcoder.sessions.schema import Session, from_json, new_session, to_json
from termcoder.sessions.store import SessionStore
from tests.sessions.samples import turn

SaveSession = Callable[..., Session]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "My Project"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "sessions"


@pytest.fixture
def store(root: Path) -> SessionStore:
    return SessionStore(root)


@pytest.fixture
def saved(store: SessionStore, project: Path) -> Session:
    return store.save(new_session(str(project)).with_turn(turn("first")))


@pytest.fixture
def later(store: SessionStore) -> Callable[[Session], Session]:
    """Make a session's file a minute newer than any so far."""
    clock = iter(range(60, 10_000, 60))

    def touch(session: Session) -> Session:
        path = store.path_of(session)
        at = path.stat().st_mtime + next(clock)
        os.utime(path, (at, at))
        return session

    return touch


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file() and path.name != ".lock")


def test_what_was_saved_is_loaded(store: SessionStore, root: Path, saved: Session) -> None:
    assert SessionStore(root).load(store.path_of(saved)) == saved
    assert saved.updated_at >= saved.created_at


def test_sessions_are_kept_in_the_data_folder_by_default(project: Path) -> None:
    store = SessionStore()
    session = store.save(new_session(str(project)))
    assert store.path_of(session).is_relative_to(paths.sessions_dir())
    assert stat.S_IMODE(paths.data_dir().stat().st_mode) == 0o700


def test_text_that_is_not_utf8_is_kept(store: SessionStore, root: Path, project: Path) -> None:
    session = store.save(new_session(str(project)).with_turn(turn("a file \udcff", "\ud800 alone \x00 😀")))
    assert SessionStore(root).load(store.path_of(session)) == session


def test_only_the_user_can_read_them(store: SessionStore, root: Path, saved: Session) -> None:
    path = store.path_of(saved)
    store.save(saved.with_turn(turn("second")))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (root, path.parent)} == {0o700}


def test_saving_leaves_one_file(store: SessionStore, root: Path, saved: Session) -> None:
    for number in range(3):
        saved = store.save(saved.with_turn(turn(str(number))))
    assert files(root) == [store.path_of(saved).name]
    assert len(store.load(store.path_of(saved)).turns) == 4


def test_a_project_has_a_folder_of_its_own(tmp_path: Path) -> None:
    names = {paths.project_folder(tmp_path / name) for name in ("a", "b", "x/a", "A")}
    assert len(names) == 4
    assert paths.project_folder(tmp_path / "a" / ".." / "b") == paths.project_folder(tmp_path / "b")
    assert paths.project_folder("/home/me/My Project!").startswith("my-project-")
    assert paths.project_folder("/").startswith("project-")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert paths.project_folder(tmp_path / "link") == paths.project_folder(tmp_path / "real")


# The latest, and the list


def test_without_sessions_there_is_no_latest(store: SessionStore, project: Path) -> None:
    assert store.latest(project).session is None
    assert store.list_of(project).entries == ()


def test_the_latest_is_the_one_saved_last(
    store: SessionStore, root: Path, project: Path, later: Callable[[Session], Session]
) -> None:
    old, new = (later(store.save(new_session(str(project)).with_turn(turn(name)))) for name in ("old", "new"))
    store.save(new_session(str(project.parent / "other")))
    assert SessionStore(root).latest(project).session == new
    again = SessionStore(root)
    old = later(again.save(again.load(store.path_of(old)).with_turn(turn("more"))))
    assert SessionStore(root).latest(project).session == old
    assert [entry.id for entry in store.list_of(project).entries] == [old.id, new.id]


def test_for_the_latest_only_one_file_is_read(
    store: SessionStore, root: Path, project: Path, later: Callable[[Session], Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        later(store.save(new_session(str(project))))
    read: list[Path] = []
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (read.append(path), read_bytes(path))[1])
    assert SessionStore(root).latest(project).session is not None
    assert len(read) == 1


def test_the_list_says_what_a_menu_needs(store: SessionStore, project: Path, saved: Session) -> None:
    (entry,) = store.list_of(project).entries
    assert (entry.id, entry.title, entry.turns, entry.path) == (saved.id, "first", 1, store.path_of(saved))
    assert (entry.created_at, entry.updated_at) == (saved.created_at, saved.updated_at)


# Two programs


def test_two_programs_on_one_session_lose_nothing(root: Path, project: Path, saved: Session) -> None:
    one, two = SessionStore(root), SessionStore(root)
    in_one, in_two = one.latest(project).session, two.latest(project).session
    assert in_one == in_two == saved
    assert in_one is not None and in_two is not None
    in_one = one.save(in_one.with_turn(turn("from one")))
    in_two = two.save(in_two.with_turn(turn("from two")))
    assert in_one.id == saved.id
    assert in_two.id != saved.id
    assert in_two.forked_from == saved.id
    in_one = one.save(in_one.with_turn(turn("one again")))
    in_two = two.save(in_two.with_turn(turn("two again")))
    fresh = SessionStore(root)
    assert [t.question for t in fresh.load(fresh.path_of(in_one)).turns] == ["first", "from one", "one again"]
    assert [t.question for t in fresh.load(fresh.path_of(in_two)).turns] == ["first", "from two", "two again"]
    assert len(files(root)) == 2


def test_a_listing_does_not_hide_that_another_program_saved(root: Path, project: Path, saved: Session) -> None:
    one, two = SessionStore(root), SessionStore(root)
    mine, theirs = one.latest(project).session, two.latest(project).session
    assert mine is not None and theirs is not None
    two.save(theirs.with_turn(turn("theirs")))
    assert len(one.list_of(project).entries) == 1
    assert one.save(mine.with_turn(turn("mine"))).forked_from == saved.id


def test_a_session_read_again_after_the_others_save_is_ours(root: Path, project: Path, saved: Session) -> None:
    one, two = SessionStore(root), SessionStore(root)
    two_session = two.latest(project).session
    assert two_session is not None
    two.save(two_session.with_turn(turn("theirs")))
    current = one.latest(project).session
    assert current is not None
    assert one.save(current.with_turn(turn("mine"))).id == saved.id


def test_a_session_deleted_elsewhere_is_written_again(store: SessionStore, saved: Session) -> None:
    store.path_of(saved).unlink()
    again = store.save(saved.with_turn(turn("more")))
    assert again.id == saved.id
    assert len(store.load(store.path_of(again)).turns) == 2


def _save_many(root: Path, path: Path, name: str, count: int) -> None:
    store = SessionStore(root)
    session = store.load(path)
    for number in range(count):
        session = store.save(session.with_turn(turn(f"{name} {number}")))


def test_programs_saving_at_once_lose_nothing(root: Path, project: Path, saved: Session, store: SessionStore) -> None:
    context = multiprocessing.get_context("fork")
    path = store.path_of(saved)
    programs = [context.Process(target=_save_many, args=(root, path, name, 20)) for name in "abc"]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
        assert program.exitcode == 0
    kept = {t.question for entry in store.list_of(project).entries for t in store.load(entry.path).turns}
    assert kept == {"first", *(f"{name} {number}" for name in "abc" for number in range(20))}


# Damage


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"version": 1}', b"\x00" * 100])
def test_a_damaged_file_is_set_aside_and_the_next_taken(
    store: SessionStore, project: Path, saved: Session, later: Callable[[Session], Session], data: bytes
) -> None:
    damaged = store.save(new_session(str(project)))
    store.path_of(damaged).write_bytes(data)
    later(damaged)
    latest = store.latest(project)
    assert latest.session == saved
    (problem,) = latest.problems
    aside = Path(f"{store.path_of(damaged)}.damaged")
    assert isinstance(problem, DamagedSessionError)
    assert str(aside) in problem.message
    assert aside.read_bytes() == data
    assert store.latest(project).problems == (), "it is told once"


def test_the_list_goes_on_after_a_damaged_file(store: SessionStore, project: Path, saved: Session) -> None:
    damaged = store.save(new_session(str(project)))
    store.path_of(damaged).write_bytes(b"")
    listing = store.list_of(project)
    assert [entry.id for entry in listing.entries] == [saved.id]
    assert len(listing.problems) == 1


def test_two_damages_of_one_session_are_both_kept(store: SessionStore, saved: Session) -> None:
    path = store.path_of(saved)
    for data in (b"1", b"2"):
        path.write_bytes(data)
        with pytest.raises(DamagedSessionError):
            store.load(path)
    assert sorted(other.read_bytes() for other in path.parent.glob("*.damaged*")) == [b"1", b"2"]


def test_a_session_of_a_newer_program_stays_where_it_is(store: SessionStore, project: Path, saved: Session) -> None:
    path = store.path_of(saved)
    text = to_json(saved).replace('"version":1', '"version":99')
    path.write_text(text)
    with pytest.raises(NewerSessionError, match=path.name):
        store.load(path)
    assert store.latest(project).session is None
    assert path.read_text() == text
    forked = store.save(saved.with_turn(turn("mine")))
    assert forked.id != saved.id
    assert path.read_text() == text, "nor is it overwritten"


def test_a_session_that_is_not_there(store: SessionStore, tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="doesn't exist"):
        store.load(tmp_path / "none.json")


def test_a_session_that_can_not_be_read_is_not_damaged(store: SessionStore, saved: Session) -> None:
    path = store.path_of(saved)
    path.unlink()
    path.mkdir()
    with pytest.raises(SessionError) as caught:
        store.load(path)
    assert not isinstance(caught.value, DamagedSessionError)
    assert path.is_dir()


# Disks that don't take it


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def no_room(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_room)
        yield


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_keeps_what_was_there(root: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SessionStore(root)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        saved = store.save(new_session(str(project)).with_turn(turn("first")))
    before = store.path_of(saved).read_bytes()
    with pytest.raises(SessionError, match="No space left") as caught:
        store.save(saved.with_turn(turn("second")))
    assert caught.value.remedy
    assert store.path_of(saved).read_bytes() == before
    assert files(root) == [store.path_of(saved).name], "nothing half-written is left"


def test_after_a_full_disk_the_same_session_goes_on(store: SessionStore, saved: Session) -> None:
    grown = saved.with_turn(turn("second"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(SessionError):
            store.save(grown)
    assert store.save(grown).id == saved.id
    assert len(store.load(store.path_of(saved)).turns) == 2


def test_a_place_that_takes_no_folder(tmp_path: Path, project: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SessionError, match="can't be saved"):
        SessionStore(tmp_path / "file" / "sessions").save(new_session(str(project)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where it likes")
def test_a_folder_without_permission(store: SessionStore, saved: Session) -> None:
    folder = store.path_of(saved).parent
    folder.chmod(0o500)
    try:
        with pytest.raises(SessionError, match="Permission"):
            store.save(saved.with_turn(turn("second")))
    finally:
        folder.chmod(0o700)
    assert store.load(store.path_of(saved)) == saved


# Killed in the middle

WRITER = """
import sys
from pathlib import Path
from termcoder.sessions.schema import Session
from termcoder.sessions.store import SessionStore
from tests.sessions.samples import turn
store = SessionStore(Path(sys.argv[1]))
session = store.load(Path(sys.argv[2]))
while True:
    session = store.save(session.with_turn(turn("question " * 200, "answer " * 2000)))
    print(len(session.turns), flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_the_session_is_whole(store: SessionStore, root: Path, saved: Session, seed: int) -> None:
    path = store.path_of(saved)
    command = [sys.executable, "-c", WRITER, str(root), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(random.Random(seed).randint(1, 25))]
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
    session = from_json(path.read_bytes())
    assert len(session.turns) in (told[-1], told[-1] + 1)
    fresh = SessionStore(root)
    again = fresh.save(fresh.load(path).with_turn(turn("next")))
    assert again.id == saved.id
    assert files(root) == [path.name], "the next save removes what was left"


def test_what_a_killed_program_left_is_removed(store: SessionStore, root: Path, saved: Session) -> None:
    path = store.path_of(saved)
    leftover = path.with_name(f".{path.name}.tmp")
    leftover.write_text("half")
    store.save(replace(saved, title="again"))
    assert files(root) == [path.name]
