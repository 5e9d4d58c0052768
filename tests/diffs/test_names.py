"""File names as git writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.diffs.names import name_in_header, quote, two_names, unquote, without_prefixes

PATHS = st.binary(min_size=1, max_size=20).map(lambda data: data.decode("utf-8", "surrogateescape"))


@given(PATHS)
def test_what_is_quoted_comes_back(path: str) -> None:
    written = quote(path)
    assert unquote(written) == path
    assert written.isascii()
    assert written.isprintable()


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("plain.py", "plain.py"),
        ("with space", "with space"),
        ("tab\there", r'"tab\there"'),
        ("a\nb", r'"a\nb"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("ü", r'"\303\274"'),
        ("\udcff\x01\x7f", r'"\377\001\177"'),
    ],
)
def test_names_are_quoted_as_git_does(path: str, written: str) -> None:
    assert quote(path) == written
    assert unquote(written) == path


@pytest.mark.parametrize("name", ["plain", '"half', 'half"', r'"end\"', '"', "", 'a"b', '"a"b"'])
def test_what_is_not_quoted_stays(name: str) -> None:
    assert unquote(name) == name


def test_letters_beyond_ascii_may_stand_in_quotes() -> None:
    assert unquote('"ü\\t\udcfe"') == "ü\t\udcfe"
    assert unquote(r'"\q\9"') == "q9"


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("a/x b/x", ("a/x", "b/x")),
        ("a/x y b/x y", ("a/x y", "b/x y")),
        ("a/x b/x b/x b/x", ("a/x b/x", "b/x b/x")),
        ("x x x x", ("x x", "x x")),
        ("long/x y z b/x y z", ("long/x y z", "b/x y z")),
        (r'"a/\t" "b/\t"', ("a/\t", "b/\t")),
        (r'a/x y "b/\t"', ("a/x y", "b/\t")),
        (r'"a/\t" b/x y', ("a/\t", "b/x y")),
        ("alone", ("alone", "alone")),
        ("a/old b/new name", ("a/old", "b/new name")),
    ],
)
def test_two_names_in_a_row(text: str, pair: tuple[str, str]) -> None:
    assert two_names(text) == pair


@pytest.mark.parametrize(
    ("old", "new", "pair"),
    [
        ("a/x", "b/x", ("x", "x")),
        ("i/x", "w/x", ("x", "x")),
        ("a/old", "b/new", ("old", "new")),
        ("a/x", "a/x", ("a/x", "a/x")),
        ("src/x", "src/x", ("src/x", "src/x")),
        ("project-1/src/x", "project-2/src/x", ("src/x", "src/x")),
        ("one/two/x", "one/three/x", ("x", "x")),
        ("x.orig", "x", ("x.orig", "x")),
        ("/dev/null", "b/x", ("/dev/null", "x")),
        ("a/x", "/dev/null", ("x", "/dev/null")),
        ("/dev/null", "src/x", ("/dev/null", "src/x")),
        ("a/", "b/", ("a/", "b/")),
    ],
)
def test_prefixes_are_taken_away(old: str, new: str, pair: tuple[str, str]) -> None:
    assert without_prefixes(old, new) == pair


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a/x", "a/x"),
        ("a/with space\t", "a/with space"),
        ("x.c\t2024-05-01 10:00:00.000000000 +0200", "x.c"),
        ('"a/\\303\\274\\t"', "a/ü\t"),
        ("x.py\t(revision 12)", "x.py"),
    ],
)
def test_names_in_headers(text: str, name: str) -> None:
    assert name_in_header(text) == name


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_is_an_error(one: str, other: str) -> None:
    for text in (one, f'"{one}" {other}', f'{one} "{other}"', f"{one} {other}"):
        assert len(without_prefixes(*two_names(text))) == 2
        assert isinstance(name_in_header(text), str)
