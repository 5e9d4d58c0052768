"""A diagnosis names places that exist and no others: what the grammar admits, and what is left of any text."""

import importlib.util
import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from termcoder.diagnosis.answer import Diagnosis, FixIdea, grammar_of, read_answer
from termcoder.diagnosis.incident import Place

PLACES = (Place("src/app.py", 12), Place("Makefile", 7), Place("web/shop.ts", 3))
NAMES = ("/srv/run/src/app.py", "lib/util.js")
ANSWER = """Cause: {}
Place: {}
Why: it fails there as nothing was given
Fix: In this line, check it first
When: Right if it may be empty
Fix: Before this line, ask for it
When: Right if it must be there
"""
GOOD = "`rows` is empty at that point"


def answer(cause: str = GOOD, place: str = "src/app.py:12") -> str:
    return ANSWER.format(cause, place)


# The grammar

needs_xgrammar = pytest.mark.skipif(importlib.util.find_spec("xgrammar") is None, reason="xgrammar is not installed")


def admits(*places: Place) -> Callable[[str], bool]:
    from xgrammar import Grammar
    from xgrammar.testing import _is_grammar_accept_string

    grammar = Grammar.from_ebnf(grammar_of(places).ebnf)
    return lambda text: bool(_is_grammar_accept_string(grammar, text))


@needs_xgrammar
@pytest.mark.parametrize(
    "cause",
    [
        GOOD,
        "it fails at src/app.py:12 as no row is there",
        "it fails in `load`, which Makefile:7 calls with nothing",
        "the key_1 of x2 is not in it",
    ],
)
def test_the_grammar_admits_sentences_with_known_places(cause: str) -> None:
    assert admits(*PLACES)(answer(cause))


@needs_xgrammar
@pytest.mark.parametrize(
    "cause",
    [
        "it fails at other.py:12 as no row is there",
        "it fails at src/app.py:99 as no row is there",
        "it fails at src/app.py:121 as no row is there",
        "it fails at lib/src/app.py:12 as no row is there",
        "it fails in line 12 as no row is there",
        "it fails at 12 as no row is there",
        "12 is not a row of this table",
        "too short",
    ],
)
def test_the_grammar_admits_no_other_place_and_no_number_alone(cause: str) -> None:
    assert not admits(*PLACES)(answer(cause))


@needs_xgrammar
@pytest.mark.parametrize("place", ["other.py:12", "src/app.py:1", "src/app.py", "unknown", ""])
def test_the_grammar_admits_only_known_places_as_the_place(place: str) -> None:
    assert not admits(*PLACES)(answer(place=place))


@needs_xgrammar
def test_the_grammar_wants_two_or_three_fixes() -> None:
    accepts, third = admits(*PLACES), "Fix: Elsewhere, fill it\nWhen: Right if it is never empty\n"
    start, *fixes = answer().partition("Fix: Before")
    assert [accepts(text) for text in (start, answer(), answer() + third, answer() + third * 2)] == [
        False,
        True,
        True,
        False,
    ]
    assert "".join(fixes)


@needs_xgrammar
@pytest.mark.parametrize(
    "path",
    [
        "app.py",
        'a "b".py',
        "a\\b\\n.py",
        "it's here.py",
        "größe 😀.py",
        "a\nb.py",
        "a\r\tb\0.py",
        "a\udc80.py",
        "[x] | y*.py",
    ],
)
def test_any_path_makes_a_grammar_that_admits_its_example(path: str) -> None:
    grammar = grammar_of([Place(path, 3)])
    assert admits(Place(path, 3))(grammar.example)
    if path.isprintable():
        assert read_answer(grammar.example, [Place(path, 3)]).place == Place(path, 3)
        assert admits(Place(path, 3))(answer(f"it is {path}:3 that does not work", f"{path}:3"))


@needs_xgrammar
def test_without_places_the_place_is_unknown() -> None:
    assert admits()(answer(place="unknown"))
    assert read_answer(answer(place="unknown"), []).place is None


@pytest.mark.parametrize("path", ["a\nb.py", "a\rb.py", "a\0.py", "a\udc80.py"])
def test_a_path_that_is_no_line_of_text_is_not_offered(path: str) -> None:
    grammar = grammar_of([Place(path, 3), Place("app.py", 4)])
    assert 'place ::= "app.py:4"\n' in grammar.ebnf
    grammar.ebnf.encode()


# Reading


def test_an_answer_is_read_into_its_parts() -> None:
    assert read_answer(answer(), PLACES) == Diagnosis(
        GOOD,
        PLACES[0],
        "it fails there as nothing was given",
        (
            FixIdea("In this line, check it first", "Right if it may be empty"),
            FixIdea("Before this line, ask for it", "Right if it must be there"),
        ),
    )


@pytest.mark.parametrize(
    "line",
    [
        "Cause: `x` is None",
        "cause: `x` is None",
        "**Cause:** `x` is None",
        "- **Cause**: `x` is None",
        "### Cause: `x` is None",
    ],
)
def test_labels_are_found_in_whatever_dress_and_the_text_stays_as_it_is(line: str) -> None:
    assert read_answer(line, PLACES).cause == "`x` is None"


def test_a_text_without_labels_is_the_cause() -> None:
    assert read_answer("The list\nis empty.", PLACES).cause == "The list is empty."


def test_fixes_are_numbered_or_have_no_reason_or_are_cut_off() -> None:
    ideas = read_answer("Fix 1: One\nWhen: Then\nFix 2: Two\nFix 3: Three\nWhen: Never", PLACES).ideas
    assert ideas == (FixIdea("One", "Then"), FixIdea("Two"), FixIdea("Three", "Never"))


def test_the_first_of_two_causes_counts() -> None:
    assert read_answer("Cause: One\nCause: Two", PLACES).cause == "One"


@pytest.mark.parametrize("place", ["other.py:12", "src/app.py:1", "src/app.py:12-14", "app.py:12", "src/app.py", ""])
def test_a_place_that_is_not_in_the_list_is_none(place: str) -> None:
    assert read_answer(answer(place=place), PLACES).place is None


INVENTED = """
other.py:12 | app.py:99 | src/app.py:121 | src/app.py:1 | lib/src/app.py:12 | myapp.py:12 | src/app.py:12-99
src/app.py:12, 99 | src/app.py:12:99 | line 12 | lines 3-4 | Line: **12** | _line 12_ | line #12 | line(12) | line [12]
line no. 12 | line number 12 | line nr. 12 | the 12th line | L12 | l. 12 | ln 12 | Ln. 12 | line12 | line_12 | Zeile 12
`other.py` | **other.py** | _other.py_ | [x.py](x.py#L3) | File "x.py" | <x.ts> | other.PY | x.c:3 | src\\other.py
src/app.py#L3 | src/app.py#3 | app.py(99) | app.py (99) | `app.py` 99 | app.py, line 99 | app.py at 99 | app.py@99
app.py: 99 | app.py::99 | **app.py**:99 | app.py|99 | app.py_12 | app.py.bak
app.py:12-x.py | x.py(12) | other.go(12) | data.txt:12
Makefile:9 | Makefile:70 | C:\\src\\x.py:12 | C:\\src\\app.py:12 | lib\\app.py | ./other.py | /other/app.py | ~/app.py
https://example.org/other.js | 在other.py中 | 第12行 | 12行目 | 第十二行 | other.py第3行 | app.py：９９ | app.py:٩
line ١٢ | line ⑫ | line\u200b12 | li\u200bne 12 | line\xa012 | line\t12 | o\u00adther.py | app．py:99 | ﬁle.py
строка 12 | x.py\u200bx
""".replace("\n", " | ").split(" | ")


@pytest.mark.parametrize("invented", [text for text in INVENTED if text.strip()])
def test_a_sentence_with_an_invented_place_is_taken_out_and_counted(invented: str) -> None:
    found = read_answer(f"Cause: It is empty. See {invented} for it. Nobody fills it.", PLACES, NAMES)
    assert (found.cause, found.removed) == ("It is empty. Nobody fills it.", 1)


@pytest.mark.parametrize("label", ["Cause", "Why", "Fix", "Fix: Check it\nWhen"])
def test_an_invented_place_is_taken_out_of_every_part(label: str) -> None:
    found = read_answer(f"{label}: Look into other.py:12", PLACES)
    assert "other" not in repr(found)
    assert found.removed == 1


ORDINARY = """
Node.js | Next.js | e.g. a.b | i.e. a list | data.get | `json.loads(x)` | os.path | version 3.11 | HTTP 404 | 3 times
index 0 | lines[1] | `line[0]` | 12 lines of text | an online shop | self.c | `this.ts` | game.go(name) | d.h(x)
src/app.py:12 | app.py:12 | ./src/app.py | src\\app.py:12 | `src/app.py:12`, | (app.py:12) | [app.py:12](src/app.py:12)
src/app.py | app.py | /srv/run/src/app.py | lib/util.js | util.js | Makefile:7 | 在src/app.py:12中 | app.py's list
`rows[-1]` | a deadline of 3 days | two lines | event.ts.value | "U.S." | 10:30 | x[1:3] | web/shop.ts:3 | the Makefile
""".replace("\n", " | ").split(" | ")


@pytest.mark.parametrize("ordinary", [text for text in ORDINARY if text.strip()])
def test_ordinary_words_and_known_places_stay(ordinary: str) -> None:
    cause = f"It is {ordinary} that matters"
    assert read_answer(f"Cause: {cause}", PLACES, NAMES) == Diagnosis(cause)


def test_a_place_of_one_line_does_not_make_the_file_s_other_lines_known() -> None:
    found = read_answer(
        "Cause: In a.py:1 it is set. In a.py:2 it is read. In b.py:1 too.", [Place("a.py", 1), Place("b.py", 2)]
    )
    assert found.cause == "In a.py:1 it is set."


# Whatever the text

FILE = re.compile(r"[\w./\\-]*\w\.(?:py|tsx?|jsx?|java|kt|rs|cpp|php)(?![A-Za-z0-9_(.])")
NUMBERED = re.compile(r"[A-Za-z0-9_]\.[A-Za-z]{1,4}:\d+|\blines? \d+|\bL\d+", re.ASCII)
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # words that stand beside a name without a space
KNOWN = {"src/app.py", "app.py", "web/shop.ts", "shop.ts", "lib/util.js", "util.js", "/srv/run/src/app.py"}
KNOWN |= {"run/src/app.py", "srv/run/src/app.py"}
PIECES = st.sampled_from(
    [
        *("src/app.py", "app.py", "other.py", ":12", ":99", "12", "3", "line", "lines", "L", "#", "L12", "`", "*", "_"),
        *("(", ")", "[", "]", ",", ".", ". ", "; ", "! ", " ", "\n", "\t", "\u200b", "\\", "/", ":", "-", "no.", "l."),
        *("Cause: ", "\nPlace: ", "\nWhy: ", "\nFix: ", "\nWhen: ", "x", "word ", "Node.js", "Makefile", "行", "第"),
    ]
)
ANY_TEXT = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join))


def sentences(diagnosis: Diagnosis) -> list[str]:
    return [diagnosis.cause, diagnosis.why, *(text for idea in diagnosis.ideas for text in (idea.title, idea.when))]


def invents(sentence: str) -> bool:
    """Whether a reader would see a place in it that doesn't exist."""
    rest = UNSPACED.sub(" ", unicodedata.normalize("NFKC", sentence))
    for place in ("src/app.py:12", "app.py:12", "web/shop.ts:3", "shop.ts:3"):
        rest = re.sub(rf"(?<![\w./\\-]){place}(?!\w|:\d)", " ", rest)
    products = re.compile(r"(?<![\w./\\-])node\.js", re.IGNORECASE)
    names = {re.sub(r"^(?:\.\.?/)+", "", name.replace("\\", "/")) for name in FILE.findall(products.sub(" ", rest))}
    return bool(NUMBERED.search(rest)) or not names <= KNOWN


@given(ANY_TEXT)
@example("Cause: see line. 12 is it")
@example("Cause: see line no. 12")
@example("Cause: see app.py.\n:99")
@example("Cause: line\n12")
def test_no_text_makes_a_diagnosis_name_a_place_that_does_not_exist(text: str) -> None:
    found = read_answer(text, PLACES, NAMES)
    assert found.place is None or found.place in PLACES
    assert [sentence for sentence in sentences(found) if invents(sentence)] == []


@given(ANY_TEXT)
def test_what_is_left_of_a_text_is_left_again(text: str) -> None:
    cause = read_answer(f"Cause: {text}", PLACES, NAMES).cause
    assert read_answer(f"Cause: {cause}", PLACES, NAMES).cause == cause


@given(ANY_TEXT.map(lambda text: text[:80]))
def test_every_beginning_of_any_text_can_be_read(text: str) -> None:
    for end in range(len(text)):
        assert read_answer(text[:end], PLACES).place in (None, *PLACES)


def test_while_an_answer_is_written_its_parts_come_one_after_the_other_and_stay() -> None:
    whole = read_answer(answer(), PLACES)
    seen = [read_answer(answer()[:end], PLACES) for end in range(len(answer()) + 1)]
    for earlier, later in pairwise(seen):
        assert later.cause.startswith(earlier.cause)
        assert later.why.startswith(earlier.why)
        assert len(later.ideas) >= len(earlier.ideas)
        assert earlier.place in (None, later.place)
    assert seen[-1] == whole


def test_a_label_that_is_half_written_is_not_shown_as_text() -> None:
    assert read_answer("Cause: It is empty\nPla", PLACES).cause == "It is empty"


def test_a_long_text_is_read_quickly() -> None:
    text = "Cause: " + "a" * 100_000 + " src/app.py:12" * 2000 + "lines " * 5000 + "a.b/" * 20_000
    assert read_answer(text, PLACES, NAMES).place is None
