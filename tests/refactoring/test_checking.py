"""Answers of a model, good and bad: what becomes a patch, and why the rest does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder import syntax
from termcoder.refactoring.checking import Found, Proposal, proposal_of, with_answer
from tests.refactoring.samples import SCRIPT, SHOP, answer, chosen

LOAD = "def load(path, default=None):\n    with open(path) as file:\n        return json.load(file) or default\n"


def proposed(code: str, template: str = "simplify", target: str = "a.py:load", text: str = SHOP) -> Proposal | str:
    return proposal_of(answer(code), chosen(target, text), template)


def after(made: Proposal | str) -> str:
    assert isinstance(made, Proposal), made
    return made.patch.changes[0].after or ""


BETTER = "def load(path, default=None):\n    return json.loads(Path(path).read_text()) or default\n"


def test_a_good_answer_becomes_a_patch_with_the_import_it_needs() -> None:
    made = proposed(BETTER)
    assert "import json\nfrom pathlib import Path\n\n\nclass Shop" in after(made)
    assert isinstance(made, Proposal) and made.notes == ("added: from pathlib import Path",)
    assert "uses only names that are known" in made.checks


def test_imports_before_the_code_go_to_the_head_of_the_file() -> None:
    text = after(proposed("import os\nfrom pathlib import Path\n\n" + BETTER.replace("path)", "os.fspath(path))")))
    assert text.startswith('"""A shop."""\n\nimport json\nimport os\nfrom pathlib import Path\n\n\nclass Shop')


def test_an_example_of_use_is_left_out_and_told() -> None:
    made = proposed(BETTER + "\nprint(load('a'))\n")
    assert "print(load" not in after(made)
    assert isinstance(made, Proposal) and "left out" in made.notes[0]


def test_a_neighbour_that_the_model_wrote_too_is_left_out() -> None:
    made = proposed(BETTER + "\ndef twice(path):\n    return load(path), 1\n")
    assert after(made).count("def twice") == 1 and "default=3" in after(made)


def test_a_class_written_around_a_method_is_taken_off() -> None:
    text = "class A:\n    def f(self):\n        if self.x == True:\n            return 1\n        return 0\n"
    made = proposed("class A:\n    def f(self):\n        return int(self.x == True)\n", target="a.py:f", text=text)
    assert after(made) == "class A:\n    def f(self):\n        return int(self.x == True)\n"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "held no code"),
        (LOAD, "changed nothing"),
        (LOAD.replace("= None", "= None  # none").replace("or default", "or default  # else"), "only the layout"),
        ("def load(path, default=None):\n    # ... rest of the code\n    return 1\n", "behind a comment"),
        ("def load(path, default=None):\n    ...\n    return 1\n", "behind a comment"),
        ("def load(path, default=None):\n    pass\n", "removed too much"),
        ("def load(path, default=None):\n    return json.load(open(path) or\n", "would not compile"),
        ("def read(path, default=None):\n    return json.load(open(path))\n", "removed load"),
        ("def load(path):\n    return json.load(open(path))\n", "changed how load is called"),
        ("def load(path, default=None):\n    yield json.load(open(path))\n", "changed how load is called"),
        ("async def load(path, default=None):\n    return json.load(open(path))\n", "changed how load is called"),
        ("def load(path, default=None):\n    return parse(open(path))\n", "used parse"),
        (
            "import orjson\ndef load(path, default=None):\n    return orjson.loads(open(path).read())\n",
            "imported orjson",
        ),
    ],
)
def test_unusable_answers_are_named(code: str, why: str) -> None:
    made = proposed(code)
    assert isinstance(made, str) and why in made


ROWS = "def f(rows):\n    out = []\n    for row in rows:\n        out.append(row['name'] + row.note)\n    return out\n"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def f(rows):\n    return [row['name'] for row in rows]\n", "lost note"),
        ("def f(rows):\n    return [row + row.note for row in rows]\n", "lost name"),
        ("def f(rows):\n    return [row['name'] + row.note for row in rows]\n", ""),
        ("def f(rows):\n    return [f\"{each['name']}{each.note}\" for each in rows]\n", ""),
    ],
)
def test_an_answer_that_loses_data_is_refused(code: str, why: str) -> None:
    made = proposed(code, target="a.py:f", text=ROWS)
    assert made == why if why else isinstance(made, Proposal)


def test_data_is_looked_for_in_other_languages_too() -> None:
    old = "function f(us) {\n  const a = [];\n  for (const u of us) a.push(u.name);\n  return a;\n}\n"
    lost = "function f(us) {\n  return us.filter((u) => u);\n}\n"
    assert proposed(lost, target="a.js:f", text=old) == "lost name"
    assert isinstance(
        proposed(lost.replace("filter((u) => u)", "map((u) => u.name)"), "simplify", "a.js:f", old), Proposal
    )


def test_an_answer_that_was_cut_short_is_no_patch() -> None:
    selection = chosen("a.py:load")
    assert proposal_of("```python\n" + BETTER, selection, "simplify") == "was cut short"
    assert proposal_of(answer(BETTER), selection, "simplify", complete=False) == "was cut short"


def test_members_that_the_class_has_not_are_refused() -> None:
    code = "def bill(self, rows, tax=0.2):\n    total = self.sum_up(rows)\n    print(total)\n    return total * tax\n"
    made = proposed(code, target="a.py:Shop.bill")
    assert isinstance(made, str) and "self.sum_up" in made


# Type hints

HINTED = "def load(path: str, default: Optional[dict] = None) -> Any:\n    return 3\n"


def test_hints_are_put_into_the_code_that_is_there() -> None:
    text = after(proposed(HINTED, "type-hints"))
    assert "def load(path: str, default: Optional[dict] = None) -> Any:\n    with open(path) as file:\n" in text
    assert "import json\nfrom typing import Any, Optional\n" in text


def test_hints_that_name_nothing_known_are_left_out() -> None:
    made = proposed(HINTED.replace("str", "FilePath"), "type-hints")
    assert "def load(path, default: Optional[dict] = None)" in after(made)
    assert isinstance(made, Proposal) and any("FilePath" in note for note in made.notes)


def test_none_is_admitted_where_it_is_the_default() -> None:
    assert "default: list[int] | None = None" in after(
        proposed("def load(path, default: List[int]=None):\n    return 1\n", "type-hints")
    )


def test_a_class_that_is_made_later_is_named_in_quotes() -> None:
    text = "class A:\n    def f(self, other):\n        return self\n"
    made = proposed("def f(self, other: A) -> A:\n    return self\n", "type-hints", "a.py:f", text)
    assert 'def f(self, other: "A") -> "A":' in after(made)


def test_an_answer_without_hints_is_no_patch() -> None:
    assert proposed(LOAD, "type-hints") == "gave no new type hints"


# Renames


def test_the_names_of_an_answer_are_given_by_the_rule() -> None:
    code = (
        "def load(path, default=None):\n    with open(path) as stream:\n        return json.load(stream) or default\n"
    )
    assert "with open(path) as stream:" in after(proposed(code, "rename"))


def test_an_answer_that_does_more_than_rename_is_no_patch() -> None:
    assert proposed(BETTER, "rename") == "changed more than names"


def test_names_in_other_languages_are_checked_too() -> None:
    code = SCRIPT.split("\n\n")[1].replace("total", "count").replace("shown.count", "shown.total")
    made = proposed(code, "rename", "a.js:names", SCRIPT)
    assert "const count = items.length;\n  const shown = { total: count, size: count };" in after(made)


# Extractions

STEP = (
    "def parsed(file):\n    return json.load(file)\n\n\ndef load(path, default=None):\n    with open(path) as file:\n"
)


def test_a_function_that_the_model_extracts_is_called() -> None:
    made = proposed(STEP + "        return parsed(file) or default\n", "extract-function")
    assert "def parsed(file):" in after(made)


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ("        return json.load(file) or default\n", "doesn't call parsed"),
        ("        return parsed(file, 3) or default\n", "other arguments"),
    ],
)
def test_a_function_that_is_not_called_or_not_so_is_refused(last: str, why: str) -> None:
    made = proposed(STEP + last, "extract-function")
    assert isinstance(made, str) and why in made


def test_an_answer_without_a_new_function_is_no_extraction() -> None:
    assert proposed(BETTER, "extract-function") == "made no new function"


# Counting


def test_answers_are_counted_and_the_first_good_one_stays_first() -> None:
    one, other = proposed(BETTER), proposed(BETTER.replace("or default", "or None"))
    found = Found()
    for each in ("held no code", one, other, other, "held no code"):
        found = with_answer(found, each)
    assert [each.votes for each in found.proposals] == [1, 2]
    assert found.told() == "2 of 5 answers were dropped: held no code (2)"
    assert Found((found.proposals[0],)).told() == ""


TEMPLATES = ("simplify", "type-hints", "performance", "rename", "extract-function", "another")
PIECES = st.lists(
    st.sampled_from(
        [
            *LOAD.split("\n"), *BETTER.split("\n"), *HINTED.split("\n"), *SCRIPT.split("\n")[:6], "```", "```python",
            "import os", "@cached", "# ...", "class Shop:", "    return path", "x = 1", "print(load('a'))", "\x00",
            "\u2028", "    pass", "else:", "async def load(path):",
        ]
    ),
    max_size=12,
).map("\n".join)  # fmt: skip
FILES = st.sampled_from([("a.py:load", SHOP), ("a.py:11-13", SHOP), ("a.js:names", SCRIPT), ("a.js:4", SCRIPT)])


@given(st.one_of(PIECES, st.text(max_size=60)), st.sampled_from(TEMPLATES), FILES)
def test_whatever_a_model_answers_what_comes_of_it_fits_the_file(
    said: str, template: str, file: tuple[str, str]
) -> None:
    target, text = file
    selection = chosen(target, text)
    for each in (said, f"```\n{said}\n```"):
        made = proposal_of(each, selection, template)
        if isinstance(made, str):
            assert made
            continue
        new = made.patch.changes[0].after or ""
        assert syntax.check(selection.path, new) is None
        outside = [*text.split("\n")[: selection.first - 1], *text.split("\n")[selection.last :]]
        kept = [line for line in outside if line.strip() and not line.startswith(("import", "from"))]
        if template != "rename":
            assert all(line in new.split("\n") for line in kept)
