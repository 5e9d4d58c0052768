from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from termcoder.workspace import PathIndex

FILES = ["src/app.py", "src/apple/core.py", "tests/test_app.py", "README.md", "docs/map.md", "src/AppView.tsx"]


def found(query: str, files: list[str] = FILES, limit: int = 20) -> list[str]:
    return [hit.path for hit in PathIndex(files).search(query, limit)]


def test_names_come_before_folders_and_starts_before_middles() -> None:
    assert found("app") == ["src/app.py", "src/apple/", "src/AppView.tsx", "tests/test_app.py", "src/apple/core.py"]


def test_case_does_not_matter() -> None:
    assert found("readme") == found("README") == ["README.md"]


def test_letters_in_order_are_enough() -> None:
    assert found("sapc")[0] == "src/apple/core.py"
    assert found("zz") == []


def test_folders_can_be_chosen_and_their_files_follow() -> None:
    assert found("src/")[:3] == ["src/", "src/app.py", "src/apple/"]


def test_nothing_typed_shows_the_shallow_first() -> None:
    assert found("", limit=4) == ["src/", "docs/", "tests/", "README.md"]


names = st.text("abcA./_ é", min_size=1, max_size=12)
queries = st.text("abcA./é", max_size=5)


@given(st.lists(names, max_size=30), queries)
def test_every_hit_has_the_letters_where_it_says(files: list[str], query: str) -> None:
    for hit in PathIndex(files).search(query, 10):
        assert "".join(hit.path[offset].lower() for offset in hit.offsets) == query.lower()
        assert all(first < second for first, second in pairwise(hit.offsets))


@given(st.lists(names, max_size=30), queries)
def test_typing_letter_by_letter_finds_what_a_fresh_search_finds(files: list[str], query: str) -> None:
    grown = PathIndex(files)
    for length in range(len(query)):
        grown.search(query[:length])
    assert grown.search(query) == PathIndex(files).search(query)


@given(st.lists(names, max_size=30, unique=True), names)
def test_the_exact_path_is_always_among_the_hits(files: list[str], path: str) -> None:
    hits = PathIndex([*files, path]).search(path, limit=1000)
    assert path in [hit.path for hit in hits]


def test_names_made_to_be_slow_are_not() -> None:
    index = PathIndex([f"{'ab' * 120}{number}" for number in range(200)])
    assert index.search("aaaaaaaaaabbbbbbbbbbc") == []  # trying every combination would never end
