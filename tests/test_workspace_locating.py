"""A log's path, written on another machine, leads to the project's file or to none, never to a wrong one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder.workspace import Locator

FILES = ["app.py", "src/shop/cart.py", "src/shop/models.py", "src/bank/models.py", "java/com/acme/Shop.java"]


@pytest.mark.parametrize(
    ("path", "file", "exact"),
    [
        ("/home/me/shop/app.py", "app.py", True),
        ("src/shop/cart.py", "src/shop/cart.py", True),
        ("./src/shop/cart.py", "src/shop/cart.py", True),
        ("/usr/src/app/src/shop/cart.py", "src/shop/cart.py", False),
        ("/builds/team/project/shop/models.py", "src/shop/models.py", False),
        (r"C:\Users\x\shop\src\bank\models.py", "src/bank/models.py", False),
        ("webpack:///./src/shop/cart.py?4f2a", "src/shop/cart.py", False),
        ("file:///home/me/shop/app.py", "app.py", True),
    ],
)
def test_a_path_from_elsewhere_is_found_by_its_tail(path: str, file: str, exact: bool) -> None:
    located = Locator("/home/me/shop", FILES).find(path)
    assert located is not None
    assert (located.path, located.exact) == (file, exact)


@pytest.mark.parametrize("path", ["models.py", "/x/models.py", "other.py", "", None, "/usr/lib/cart.pyc", "/", "."])
def test_what_is_ambiguous_or_not_there_is_not_guessed(path: str | None) -> None:
    assert Locator("/home/me/shop", FILES).find(path) is None


def test_a_package_says_which_file_is_meant() -> None:
    located = Locator("/home/me/shop", FILES).find("Shop.java", "com/acme/Shop.java")
    assert located is not None
    assert (located.path, located.shared) == ("java/com/acme/Shop.java", 3)


@given(st.text())
def test_only_files_of_the_project_are_ever_found(path: str) -> None:
    located = Locator("/home/me/shop", FILES).find(path)
    assert located is None or located.path in FILES
