"""Full text search: what is found, in which order, and how it is shown."""

import os
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from termcoder.conversation import Attachment, Turn
from termcoder.sessions import sieve
from termcoder.sessions.schema import Session, new_session, to_json
from termcoder.sessions.search import EXCERPT, Hit, excerpt_of, search, words_of
from termcoder.sessions.sieve import Sieve, folded
from termcoder.sessions.store import SessionStore
from tests.sessions.samples import turn

Save = Callable[..., Session]


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "sessions")


@pytest.fixture
def save(store: SessionStore, tmp_path: Path) -> Save:
    clock = iter(range(1, 1000))

    def save(*turns: Turn, project: str = "shop", **changes: object) -> Session:
        session = new_session(str(tmp_path / project))
        for each in turns:
            session = session.with_turn(each)
        session = store.save(replace(session, **changes))  # type: ignore[arg-type]
        at = 1_700_000_000 + next(clock)
        os.utime(store.path_of(session), (at, at))
        return session

    return save


def excerpts(store: SessionStore, query: str) -> list[str]:
    return [hit.excerpt for hit in search(store, query)]


def marked(hit: Hit) -> list[str]:
    return [hit.excerpt[first:last] for first, last in hit.spans]


# What is found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("timeout", True),
        ("TIMEOUT", True),
        ("time", True),
        ("timeout retry", True),
        ("retry   timeout", True),
        ('"connection timeout"', True),
        ('"timeout connection"', False),
        ('"connection timeout" absent', False),
        ("größe", True),
        ("GRÖSSE", True),
        ("gro\u0308ße", True),
        ("ПРИВЕТ", True),
        ("日本", True),
        ('say "hi', True),
        ("back\\slash", True),
        ("netloc.py", True),
        ("secret", False),
        ("other", True),
        ("timeout other", False),
        ("😀", True),
        ("", False),
        ('""', False),
    ],
)
def test_words(store: SessionStore, save: Save, query: str, found: bool) -> None:
    answer = 'A connection timeout: retry.\nDie Größe. привет 日本語 😀 say "hi" back\\slash'
    attached = (Attachment("src/netloc.py", "secret = 1\n"),)
    save(turn("first", answer, attachments=attached), turn("the other"))
    assert bool(list(search(store, query))) is found


def test_a_query_is_words_and_phrases() -> None:
    assert words_of(' One  "Two  three" FOUR one ""') == ("one", "two  three", "four")
    assert words_of('an "open phrase') == ("an", "open phrase")


def test_other_panes_are_searched(store: SessionStore, save: Save) -> None:
    finding = {"path": "shop.py", "line": 3, "title": "The lock is never released"}
    log = {"id": "t1", "question": "", "log": "KeyError: 'user_id'", "state": "complete"}
    save(turn("q"), other_turns={"review": ({"id": "r1", "findings": [finding]},), "traceback": (log, 7)})
    (hit,) = search(store, "lock released")
    assert (hit.pane, hit.turn_id, marked(hit)) == ("review", "r1", ["lock", "released"])
    (hit,) = search(store, "keyerror")
    assert (hit.pane, hit.turn_id) == ("traceback", "t1")
    assert excerpts(store, "complete") == [], "how a turn ended is no text"


def test_titles_first_then_the_last_saved_then_later_turns(store: SessionStore, save: Save) -> None:
    save(turn("plain"), turn("old lock"), turn("new lock"))
    save(turn("lock in the title"))
    save(turn("nothing"), turn("last lock"))
    assert [(hit.pane, hit.excerpt) for hit in search(store, "lock")] == [
        ("", "lock in the title"),
        ("chat", "lock in the title"),
        ("chat", "last lock"),
        ("chat", "new lock"),
        ("chat", "old lock"),
    ]


def test_of_one_project_or_all(store: SessionStore, save: Save, tmp_path: Path) -> None:
    mine, theirs = save(turn("lock")), save(turn("lock"), project="bank")
    assert {hit.entry.id for hit in search(store, "lock")} == {mine.id, theirs.id}
    assert {hit.entry.id for hit in search(store, "lock", tmp_path / "bank")} == {theirs.id}


def test_what_cannot_be_read_is_passed_over(store: SessionStore, save: Save) -> None:
    for ending in ("lock", 'lock"}]}}\n'):
        store.path_of(save(turn("lock"))).write_text(ending)
    save(turn("lock"))
    assert len({hit.entry.id for hit in search(store, "lock")}) == 1


def test_a_session_deleted_meanwhile_is_passed_over(store: SessionStore, save: Save) -> None:
    session = save(turn("1"), turn("lock"))
    later = save(turn("2"), turn("lock"))
    hits = search(store, "lock")
    assert next(hits).entry.id == later.id
    store.path_of(session).unlink()
    assert list(hits) == []


# How it is shown


@given(st.text(max_size=300), st.lists(st.text(min_size=1, max_size=4).map(folded).filter(str.strip), min_size=1))
@example("x" * 200 + "İstanbul ß", ["ss"])
@example("e\u0301" * 100 + " lock", ["lock"])
def test_spans_are_in_the_excerpt_and_in_order(text: str, words: list[str]) -> None:
    line, spans = excerpt_of(text, words)
    assert len(line.splitlines()) <= 1
    assert len(line) <= EXCERPT + 2
    places = [place for span in spans for place in span]
    assert places == sorted(places)
    assert all(0 <= first < last <= len(line) for first, last in spans)


@pytest.mark.parametrize(
    ("text", "word", "shown"),
    [
        ("A lock.", "lock", ["lock"]),
        ("Die STRASSE und die Straße", "straße", ["STRASSE", "Straße"]),
        ("cafe\u0301 Café", "café", ["cafe\u0301", "Café"]),
        ("aaaa", "aa", ["aaaa"]),
        ("word " * 100 + "needle" + " word" * 100, "needle", ["needle"]),
        ("ﬁ" * 200 + " needle" + " ß" * 200, "needle", ["needle"]),
        ("e\u0301" * 300 + " needle", "needle", ["needle"]),
        ("<tag> [b]", "[b", ["[b"]),
    ],
)
def test_what_is_marked(text: str, word: str, shown: list[str]) -> None:
    line, spans = excerpt_of(text, words_of(word))
    assert [line[first:last] for first, last in spans] == shown


def test_an_excerpt_says_that_there_is_more() -> None:
    line, _ = excerpt_of("before " * 30 + "needle" + " after" * 30, ["needle"])
    assert line.startswith("…")
    assert line.endswith("…")
    assert excerpt_of("all of it", ["all"])[0] == "all of it"


# The look at the bytes


@given(st.text(max_size=60), st.data())
def test_the_sieve_lets_through_what_holds_the_words(text: str, data: st.DataObject) -> None:
    first, last = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    change = data.draw(st.sampled_from([str, str.upper, str.lower, str.title, str.swapcase]))
    word = folded(change(text[first:last]))
    if word.strip() and word in folded(text):
        session = replace(new_session("/p"), title="t", turns=(Turn("1", text),))
        data = to_json(session).encode("utf-8", "backslashreplace")
        assert Sieve([word]).lets_through(data)
        assert Sieve([word]).is_worth_parsing(data)


@pytest.mark.parametrize("text", ["K", "ſ", "ß", "ẞ", "ﬃ", "ŉ", "İ", "ẚ", "Å", "Ω", "豈", "ǰ", "ΐ", "ς", "Ꭰ", "𐐀"])
def test_it_knows_the_letters_that_are_written_otherwise(text: str) -> None:
    for form in (text, unicodedata.normalize("NFD", text), text.upper()):
        assert Sieve([folded(text)]).lets_through(form.encode())


@pytest.mark.parametrize("word", ["lock", "привет", "ö", "日", "a lock"])
def test_it_holds_back_what_can_not(word: str) -> None:
    assert not Sieve([word]).lets_through("nothing — of the kind".encode())


def test_it_knows_every_character_that_changes() -> None:
    changing = {code for code in range(0x80, sys.maxunicode + 1) if folded(chr(code)) != chr(code)}
    assert changing <= {code for codes in sieve._CHANGING for code in codes}
