import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.mentions import Mention, find_mentions, format_mention, partial_mention


def named(text: str) -> list[tuple[str, int | None, int | None]]:
    return [(mention.path, mention.first, mention.last) for mention in find_mentions(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("look at @src/app.py.", [("src/app.py", None, None)]),
        ("@a.py:10-40, and (@b.py:7)", [("a.py", 10, 40), ("b.py", 7, 7)]),
        ('@"my file.py":3-4', [("my file.py", 3, 4)]),
        ('@"a\\"b\\\\c"', [('a"b\\c', None, None)]),
        ("@Makefile?", [("Makefile", None, None)]),
        ("@naïve/föö.py", [("naïve/föö.py", None, None)]),
        ("mail me@example.org", []),
        ('@app.route("/x")\ndef f(): ...', []),
        ("@ nothing, @... neither", []),
        ('@"not closed', []),
        ("```python\n@cached\ndef f(): ...\n```\nbut @here", [("here", None, None)]),
        ("~~~\n@inside an open fence", []),
        ("@a.py:99999999999999999999", [("a.py", None, None)]),
    ],
)
def test_finds_what_is_meant_and_nothing_else(text: str, expected: list[tuple[str, int | None, int | None]]) -> None:
    assert named(text) == expected


def test_a_mention_knows_where_it_stands() -> None:
    text = 'see @"my file.py":3 now'
    [mention] = find_mentions(text)
    assert text[mention.start : mention.end] == '@"my file.py":3'


paths = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=40)
lines = st.none() | st.tuples(st.integers(1, 9999), st.integers(0, 500))


@given(paths, lines, st.sampled_from(["", "see ", "(", "a\n"]), st.sampled_from(["", " then", ", and", "\n", ")"]))
def test_every_path_survives_being_mentioned(path: str, span: tuple[int, int] | None, before: str, after: str) -> None:
    first, last = (None, None) if span is None else (span[0], span[0] + span[1])
    written = format_mention(path, first, last)
    assert find_mentions(before + written + after) == [
        Mention(path, first, last, len(before), len(before) + len(written))
    ]


@given(st.text())
def test_any_text_is_read_and_spans_are_in_order(text: str) -> None:
    mentions = find_mentions(text)
    ends = [0, *(mention.end for mention in mentions)]
    for mention, end_before in zip(mentions, ends, strict=False):
        assert end_before <= mention.start < mention.end <= len(text)
        assert text[mention.start] == "@"
        assert mention.path


@pytest.mark.parametrize(
    ("before", "query"),
    [("see @sr", "sr"), ("@", ""), ('@"my fi', "my fi"), ("(@a/b.p", "a/b.p"), ("me@exa", None), ("@a ", None)],
)
def test_the_mention_at_the_cursor(before: str, query: str | None) -> None:
    partial = partial_mention(before)
    assert (partial.query if partial else None) == query
    if partial is not None:
        assert before[partial.start] == "@"


def test_a_long_line_is_searched_from_near_its_end() -> None:
    before = "x" * 100_000 + " @app"
    partial = partial_mention(before)
    assert partial is not None
    assert (partial.start, partial.query) == (100_001, "app")
