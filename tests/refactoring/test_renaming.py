"""Exact renames: the name's own uses and no others, and the user is told of those that are left."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.errors import RefactorError
from termcoder.refactoring.renaming import asked_names, local_names, name_changes, renamed
from tests.refactoring.samples import SCRIPT, SHOP, chosen


@pytest.mark.parametrize(
    ("instruction", "names"),
    [
        ("total -> amount", ("total", "amount")),
        ("rename `total` to amount.", ("total", "amount")),
        ("rename the variable total into amount", ("total", "amount")),
        ("$a → $b", ("a", "b")),
        ("make the names better", None),
        ("a -> a", None),
    ],
)
def test_an_instruction_is_read(instruction: str, names: tuple[str, str] | None) -> None:
    assert asked_names(instruction) == names


def test_a_local_name_is_renamed_in_all_of_its_function() -> None:
    done = renamed(chosen("a.py:14"), "total", "amount")
    assert "amount += price" in done.text and "amount = 0" in done.text and "return amount * (1 + tax)" in done.text
    assert "   {amount:>{tax}} {{total}} {amount!r}" in done.text
    assert "print(self.name, text, total=amount)" in done.text
    assert done.notes[0] == "total belongs to lines 8-19: it was renamed in all of them"
    assert any("lines 16, 18" in note for note in done.notes)


def test_calls_that_name_a_renamed_parameter_are_told() -> None:
    done = renamed(chosen("a.py:load"), "default", "fallback")
    assert "def load(path, fallback=None)" in done.text and "load(path, default=3)" in done.text
    assert done.notes == ("default is still used in line 28",)


def test_other_uses_of_a_name_of_the_module_are_told() -> None:
    done = renamed(chosen("a.py:load"), "load", "read")
    assert "def read(path" in done.text and "return load(" in done.text
    assert done.notes == (
        "load is still used in line 28",
        "the word load is left in line 24, where it is another's name or a comment",
    )


def test_methods_are_renamed_where_they_are_named() -> None:
    done = renamed(chosen("a.py"), "bill", "invoice")
    assert "def invoice(self" in done.text and "Shop().invoice(" in done.text
    assert done.notes == ("the word bill is left in line 7, where it is another's name or a comment",)


def test_inner_scopes_keep_their_own_names() -> None:
    text = "def f(x):\n    g = lambda x: x\n    def h():\n        return x\n    return [x for x in x], g(x=x), h\n"
    done = renamed(chosen("a.py:f", text), "x", "y")
    expected = "def f(y):\n    g = lambda x: x\n    def h():\n        return y\n    return [x for x in y], g(x=y), h\n"
    assert done.text == expected


@pytest.mark.parametrize(("old", "new"), [("total", "price"), ("total", "tax"), ("bill", "name"), ("nothing", "x")])
def test_names_that_are_taken_or_missing_are_refused(old: str, new: str) -> None:
    with pytest.raises(RefactorError):
        renamed(chosen("a.py:Shop"), old, new)


@pytest.mark.parametrize("new", ["class", "2x", "a-b"])
def test_what_is_no_name_is_refused(new: str) -> None:
    with pytest.raises(RefactorError, match="can't be a name"):
        renamed(chosen("a.py:Shop"), "total", new)


def test_a_name_that_hides_a_builtin_is_told() -> None:
    assert "sum hides Python's own sum" in renamed(chosen("a.py:Shop"), "total", "sum").notes


def test_other_languages_keep_properties_and_write_shorthands_out() -> None:
    done = renamed(chosen("a.js:4", SCRIPT), "total", "count")
    assert "const shown = { total: count, size: count };" in done.text
    assert "return shown.total + count + limit;" in done.text


def test_a_go_field_is_no_variable() -> None:
    text = "package m\n\nfunc f() T {\n\tn := 1\n\treturn T{n: n}\n}\n"
    assert "return T{n: size}" in renamed(chosen("a.go:f", text), "n", "size").text


@pytest.mark.parametrize("name", ["rows", "price", "tax", "total", "text"])
def test_renaming_back_gives_the_text_back(name: str) -> None:
    there = renamed(chosen("a.py:Shop.bill"), name, "other_name").text
    assert there != SHOP
    assert renamed(chosen("a.py:Shop.bill", there), "other_name", name).text == SHOP


@given(st.sampled_from(["rows", "price", "tax", "total", "text", "path", "default", "file", "Shop", "load", "name"]))
def test_a_rename_changes_nothing_but_the_name(name: str) -> None:
    text = renamed(chosen("a.py"), name, "fresh").text
    before, after = ast.dump(ast.parse(SHOP)), ast.dump(ast.parse(text))
    assert before.replace(f"'{name}'", "'fresh'") == after.replace(f"'{name}'", "'fresh'")


def test_the_changed_names_of_an_answer_are_read() -> None:
    better = SHOP.replace("rows", "items").replace("total", "sum")
    assert name_changes("a.py", SHOP, better) == {"rows": "items", "total": "sum"}
    better = SHOP.replace("rows", "items").replace("tax", "rate")
    assert name_changes("a.py", SHOP, better) == {"rows": "items", "tax": "rate"}
    assert name_changes("a.py", SHOP, SHOP.replace("rows", "items", 1)) == {"rows": "items"}
    two_names = SHOP.replace("rows", "items", 1).replace("rows", "things")
    assert name_changes("a.py", SHOP, two_names) == "renamed inconsistently"
    assert name_changes("a.py", SHOP, SHOP.replace("0.9", "0.8")) == "changed more than names"
    assert name_changes("a.py", SHOP, SHOP) == "changed nothing"


def test_only_names_that_nobody_else_knows_are_offered() -> None:
    assert local_names(chosen("a.py:Shop.bill")) == ("total", "row", "price", "text")
    assert local_names(chosen("a.py:13")) == ("price",)
    assert local_names(chosen("a.js:names", SCRIPT)) == ("items", "total", "shown")
