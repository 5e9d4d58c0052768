"""Makes the logs in fixtures/pytest, notebook, rich and unittest, and the truth beside each.

Copies this folder to /srv/pyshop and runs the programs there. Needs two environments (of pip install):
  TOOLS: pytest pytest-xdist pytest-asyncio pytest-timeout ipython rich loguru structlog, on Python 3.11 or newer;
  OLD_TOOLS: pytest==6.2.5 ipython==7.34.0 rich==12.6.0, on Python 3.8.
Usage: TOOLS=/path/to/venv OLD_TOOLS=/path/to/venv python make.py
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FIXTURES = HERE.parent.parent / "fixtures"
PLACE = Path("/srv/pyshop")
NEW, OLD = os.environ["TOOLS"], os.environ["OLD_TOOLS"]
BASKET = "tests/test_basket.py"
QUIET = "-p no:cacheprovider -o asyncio_default_fixture_loop_scope=function -W ignore"


def run(command: str, tools: str = NEW, **environment: str) -> str:
    """What a command of one of the environments prints, without the paths of this machine."""
    variables = {
        "PATH": f"{tools}/bin:/usr/bin:/bin",
        "PYTHONPATH": f"{PLACE}:{PLACE}/screen",
        "COLUMNS": "80",
        "HOME": "/root",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONHASHSEED": "0",
        **environment,
    }
    done = subprocess.run(
        ["bash", "-c", command], cwd=PLACE, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    text = done.stdout.decode("utf-8").replace(tools, "/srv/venv")
    text = re.sub(r"/root/\.pyenv/versions/[\d.]+", "/usr/local", text)
    text = re.sub(r"\x1b\][^\x07]*\x07|\x1b\[\d\d;\dt", "", text)
    return re.sub(r"process 'MainProcess' \(\d+\)", "process 'MainProcess' (812)", text)


def pytest(arguments: str, tools: str = NEW) -> str:
    """What pytest prints."""
    return run(f"pytest {QUIET if tools == NEW else '-p no:cacheprovider'} {arguments}", tools)


def cell(name: str, mode: str = "Context", colors: str = "NoColor", tools: str = NEW) -> str:
    """What IPython prints for the cells of a file."""
    return run(f"python cells/play.py cells/{name}.py {mode} {colors}", tools)


def line_of(file: str, text: str, number: int = 1) -> int:
    """The line of a program that holds `text`, for the `number`th time."""
    lines = (HERE / file).read_text(encoding="utf-8").splitlines()
    return [at for at, line in enumerate(lines, start=1) if text in line][number - 1]


def frame(file: str | None, line: int | None, function: str | None, own: bool = True) -> dict[str, Any]:
    """One frame of the truth."""
    return {"file": file, "line": line, "function": function, "own": own}


def place(folder: str, file: str, text: str, function: str | None, number: int = 1) -> dict[str, Any]:
    """A frame in one of these programs, found by its text; `folder` is what the log writes before the name."""
    return frame(f"{folder}{file}", line_of(file, text, number), function)


def error(kind: str, message: str, *frames: dict[str, Any]) -> dict[str, Any]:
    """One error of the truth."""
    return {"type": kind, "message": message, "handled": False, "frames": list(frames)}


def in_price(folder: str = "") -> dict[str, Any]:
    return place(folder, "till/prices.py", "return PRICES[name]", "price")


def in_total(folder: str = "", name: str = "total") -> list[dict[str, Any]]:
    text = "return sum(price(name)"
    return [
        place(folder, "till/basket.py", text, name),
        place(folder, "till/basket.py", text, "<genexpr>"),
        in_price(folder),
    ]


def in_test(text: str, function: str | None, folder: str = "") -> dict[str, Any]:
    return place(folder, BASKET, text, function)


def chained(folder: str, *outer: dict[str, Any], kind: str = "till.prices.UnknownArticle") -> list[dict[str, Any]]:
    """KeyError, and the error of our own that it became."""
    asked = place(folder, "till/prices.py", "return price(name)", "checked_price")
    became = place(folder, "till/prices.py", "raise UnknownArticle", "checked_price")
    return [error("KeyError", "'salt'", asked, in_price(folder)), error(kind, "no article 'salt'", *outer, became)]


def unknown(folder: str = "") -> dict[str, Any]:
    """What test_unknown fails with."""
    return error("KeyError", "'salt'", in_test('["tea", "salt"]).total()', "test_unknown", folder), *in_total(folder))


def empty(folder: str = "") -> dict[str, Any]:
    """What test_empty fails with."""
    raised = place(folder, "till/basket.py", "raise ValueError", "checked_total")
    asserted = in_test("Basket().checked_total()", "test_empty", folder)
    return error("ValueError", "an empty basket\nput something into it", asserted, raised)


def loaded(folder: str = "") -> dict[str, Any]:
    """What the fixture of test_loaded fails with."""
    read = place(folder, "till/basket.py", "json.loads(text)", "from_json")
    return error("KeyError", "'names'", in_test("articles", "saved", folder), read)


def summed() -> dict[str, Any]:
    said = "assert 5 == 6\n +  where 5 = total()\n +    where total = <till.basket.Basket object at 0x7f>.total"
    return error("AssertionError", said, in_test("basket.total() == 6", "test_total"))


def from_test(folder: str = "") -> list[dict[str, Any]]:
    return chained(folder, in_test('checked_price("salt")', "test_from", folder))


def addresses(text: str) -> str:
    """Addresses of objects, made the same each time, without which the truth can't be written."""
    return re.sub(r"0x[0-9a-f]{6,}", "0x7f", text)


def write(folder: str, name: str, form: str, about: str, log: str, *errors: dict[str, Any], root: int = 0) -> None:
    """One fixture: the log and its truth."""
    path = FIXTURES / folder / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(log.encode("utf-8"))
    truth = {
        "about": about,
        "language": "python" if errors else None,
        "format": form if errors else None,
        "is_build_error": False,
        "errors": list(errors),
        "root": root if errors else None,
    }
    path.with_suffix(".json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def pytest_styles() -> None:
    k = '-k "unknown or empty or from or loaded"'

    def put(name: str, about: str, log: str, *errors: dict[str, Any]) -> None:
        write("pytest", name, "pytest", about, addresses(log), *errors)

    long = pytest(f'{BASKET} -k "total or unknown or from"')
    put("long", "pytest's own style of traceback", long, summed(), unknown(), *from_test())
    put(
        "long_old",
        "pytest 6, errors before failures",
        pytest(f"{BASKET} {k}", OLD),
        loaded(),
        unknown(),
        empty(),
        *from_test(),
    )
    put("short", "--tb=short", pytest(f"--tb=short {BASKET} {k}"), loaded(), unknown(), empty(), *from_test())
    put(
        "native",
        "--tb=native of pytest 6",
        pytest(f"--tb=native {BASKET} {k}", OLD),
        loaded("/srv/pyshop/"),
        unknown("/srv/pyshop/"),
        empty("/srv/pyshop/"),
        *from_test("/srv/pyshop/"),
    )
    put("locals", "with the values of names (-l)", pytest(f'-l {BASKET} -k "unknown or empty"'), unknown(), empty())
    put("xdist", "several workers", pytest(f'-n 1 {BASKET} -k "unknown or empty"'), unknown(), empty())
    put("stop", "-x -v stops at the first failure", pytest(f"-x -v {BASKET}"), summed())
    put("good", "all tests pass", pytest(f"-v {BASKET} -k good"))
    put("usage", "a file that isn't there", pytest("nothing.py"))
    line = pytest(f'--tb=line {BASKET} -k "unknown or empty"', OLD)
    put(
        "line",
        "--tb=line",
        line,
        error("KeyError", "'salt'", in_price("/srv/pyshop/") | {"function": None}),
        error("ValueError", "an empty basket", place("/srv/pyshop/", "till/basket.py", "raise ValueError", None)),
    )
    put(
        "summary_only",
        "--tb=no: only the short summary",
        pytest(f'--tb=no {BASKET} -k "total or price_of or loaded"'),
        error("AssertionError", "assert 5 == 6", frame(BASKET, None, "test_total")),
        error("KeyError", "'salt'", frame(BASKET, None, "test_price_of")),
        error("KeyError", "'names'", frame(BASKET, None, "test_loaded")),
    )
    put(
        "parameters",
        "a parametrised test whose name has blanks",
        pytest(f"{BASKET} -k price_of"),
        error("KeyError", "'salt'", in_test("prices.price(name) > 0", "test_price_of"), in_price()),
    )
    variants(long, [summed(), unknown(), *from_test()])


def variants(log: str, errors: list[dict[str, Any]]) -> None:
    """What happens to a log on its way: prefixes, colours, quoting, cuts."""

    def put(name: str, about: str, text: str, *kept: dict[str, Any]) -> None:
        write("pytest", name, "pytest", about, text, *(kept or errors))

    log = addresses(log)
    put("long_crlf", "with Windows line ends", log.replace("\n", "\r\n"))
    put("long_compose", "through docker compose", "".join(f"tests-1  | {line}\n" for line in log.splitlines()))
    put(
        "long_prose",
        "pasted into a letter, indented",
        "Hello,\nthe tests fail since yesterday:\n\n"
        + "".join(f"    {line}".rstrip() + "\n" for line in log.splitlines())
        + "\nAny idea? There were no errors before.\n",
    )
    start = log.index("    def test_unknown")
    put(
        "long_cut",
        "begins in the middle and lacks the end",
        log[start : log.index("During") if "During" in log else log.index("=========================== short")],
        *errors[1:],
    )


def pytest_cases() -> None:
    def put(name: str, about: str, log: str, *errors: dict[str, Any]) -> None:
        write("pytest", name, "pytest", about, addresses(log), *errors)

    lists = "assert ['tea', 'milk'] == ['tea', 'salt', 'milk']\n\n  At index 1 diff: 'milk' != 'salt'"
    lists += "\n  Right contains one more item: 'milk'\n  Use -v to get more diff"
    put(
        "asserts",
        "assertions with messages, pytest.raises, pytest.fail, a strict xfail",
        pytest(f'{BASKET} -k "message or lists or did_not or fails or strict"'),
        error("AssertionError", "sums are wrong\nassert (1 + 1) == 3", in_test("1 + 1 == 3", "test_message")),
        error("AssertionError", lists, in_test('== ["tea", "salt", "milk"]', "test_lists")),
        error("Failed", "DID NOT RAISE ValueError", in_test("pytest.raises", "test_did_not_raise")),
        error("Failed", "not written yet", in_test("pytest.fail", "test_fails")),
        error("FAILED", "[XPASS(strict)] milk is dear", frame(BASKET, None, "test_strict")),
    )
    put(
        "fixtures",
        "errors in a fixture's setup and teardown, and a fixture that isn't there",
        pytest(f'{BASKET} -k "loaded or drawer or fixture"'),
        loaded(),
        error("OSError", "the drawer is stuck", in_test("raise OSError", "drawer")),
        error(
            "FixtureLookupError", "fixture 'nothing' not found", in_test("test_fixture", "test_fixture", "/srv/pyshop/")
        ),
    )
    said = "assert 3 == 4\n +  where 3 = total()\n +    where total = <till.basket.Basket object at 0x7f>.total"
    said += "\n +      where <till.basket.Basket object at 0x7f> = Basket(['tea'])"
    put(
        "captured",
        "a traceback that the program logged is no failure of its own",
        pytest(f"{BASKET} -k captured"),
        error("AssertionError", said, in_test(".total() == 4", "test_captured")),
    )
    missing = place("", "tests/broken_import.py", "from till.discounts", "<module>")
    library = frame("/usr/lib/python3.11/importlib/__init__.py", 126, "import_module", own=False)
    put(
        "collecting",
        "a module that can't be imported, wrong parameters",
        pytest("tests/broken_import.py tests/broken_marks.py"),
        error("ModuleNotFoundError", "No module named 'till.discounts'", library, missing),
        error(
            "Failed",
            "In tests/broken_marks.py::test_price: function uses no argument 'name'",
            frame("tests/broken_marks.py", None, None),
        ),
    )
    put(
        "conftest",
        "a conftest that can't be imported",
        pytest("conf"),
        error(
            "ModuleNotFoundError", "No module named 'nothing_here'", place("", "conf/conftest.py", "import", "<module>")
        ),
    )
    called = place("/srv/pyshop/", "till/prices.py", '>>> price("tea")', "price")
    put(
        "doctest",
        "a doctest",
        pytest("--doctest-modules till -k prices.price"),
        error("DocTestFailure", "Expected:\n    4\nGot:\n    3", called),
    )
    modern = "tests/test_modern.py"
    put(
        "modern",
        "coroutines, a timeout, a unittest class, an exception group",
        pytest(f'{modern} -k "not noted"'),
        error(
            "KeyError",
            "'salt'",
            place("", modern, "await asyncio.gather", "test_gathered"),
            place("", modern, "return price(name)", "later"),
            in_price(),
        ),
        error("Failed", "Timeout (>0.2s) from pytest-timeout.", place("", modern, "time.sleep(5)", "test_slow")),
        error("AssertionError", "3 != 4", place("", modern, "assertEqual", "test_equal")),
        error("ValueError", "no tea"),
        error("TypeError", "no milk"),
        error(
            "ExceptionGroup",
            "a bad day (2 sub-exceptions)",
            place("/srv/pyshop/", modern, "raise ExceptionGroup", "test_group"),
        ),
    )


def notebooks() -> None:
    def put(name: str, about: str, log: str, *errors: dict[str, Any]) -> None:
        write("notebook", name, "notebook", about, addresses(log), *errors)

    def total(cell: str, first: str | None, method: str, lines: tuple[int, int] = (1, 3)) -> dict[str, Any]:
        frames = [
            frame(cell % 3, lines[0], first),
            frame(cell % 2, lines[1], "total"),
            *in_total("/srv/pyshop/", method),
        ]
        return error("KeyError", "'salt'", *frames)

    put("cells", "IPython 9", cell("total"), total("Cell In[%d]", None, "Basket.total"))
    put(
        "cells_colours",
        "IPython 9 with colours",
        cell("total", colors="Linux"),
        total("Cell In[%d]", None, "Basket.total"),
    )
    put("cells_plain", "%xmode Plain", cell("total", "Plain"), total("Cell In[%d]", None, "total"))
    put("cells_verbose", "%xmode Verbose", cell("total", "Verbose"), total("Cell In[%d]", None, "Basket.total"))
    outer = frame("Cell In[2]", 1, None)
    put(
        "chained",
        "an error that became another",
        cell("chained"),
        *chained("/srv/pyshop/", outer, kind="UnknownArticle"),
    )
    put(
        "syntax",
        "a cell that can't be read",
        cell("syntax"),
        error("SyntaxError", "'(' was never closed", frame("Cell In[1]", 1, None)),
    )
    broken = place("/srv/pyshop/", "screen/broken_module.py", "return", None)
    shell = "/srv/venv/lib/python3.11/site-packages/IPython/core/interactiveshell.py"
    imported = cell("imported")
    found = re.search(r"interactiveshell\.py:(\d+)", imported)
    said = "closing parenthesis ')' does not match opening parenthesis '{'"
    put(
        "imported",
        "a module that can't be read",
        imported,
        error(
            "SyntaxError",
            said,
            frame(shell, int(found[1]) if found else 0, "run_code", own=False),
            frame("Cell In[1]", 1, None),
            broken,
        ),
    )
    down = [frame("Cell In[1]", 2, "down")] * 3
    put(
        "recursion",
        "frames that repeat are left out",
        cell("nested"),
        error("RecursionError", "maximum recursion depth exceeded", outer, *down),
    )
    old = cell("total", tools=OLD)
    names = re.findall(r"<ipython-input-[^>]*>", old)
    put(
        "ipython7",
        "IPython 7, line numbers only at the arrows",
        old,
        error(
            "KeyError",
            "'salt'",
            frame(names[0], 1, "<cell line: 1>"),
            frame(names[1], 3, "total"),
            *in_total("/srv/pyshop/"),
        ),
    )
    lines = cell("total", colors="Linux").split("\n\n")
    strings = ",\n".join("      " + json.dumps(part + "\n") for part in lines)
    put(
        "ipynb",
        "the JSON of a notebook",
        '   "outputs": [\n    {\n     "ename": "KeyError",\n     "evalue": "\'salt\'",\n'
        f'     "output_type": "error",\n     "traceback": [\n{strings}\n     ]\n    }}\n   ],\n',
        total("Cell In[%d]", None, "Basket.total"),
    )


def boxes() -> None:
    def put(name: str, about: str, log: str, *errors: dict[str, Any], form: str = "rich") -> None:
        write("rich", name, form, about, addresses(log), *errors)

    top = place("/srv/pyshop/", "screen/shop.py", "tools.run(", "<module>")
    tool = place("/srv/pyshop/", "screen/tools.py", 'globals()["with_"', "run")

    def drawn(function: str) -> dict[str, Any]:
        asked = (HERE / "screen/tools.py").read_text(encoding="utf-8").split(f"def {function}(")
        line = asked[0].count("\n") + asked[1].split('main("salt")')[0].count("\n") + 1
        return frame("/srv/pyshop/screen/tools.py", line, function)

    def sold(*outer: dict[str, Any]) -> dict[str, Any]:
        return error(
            "KeyError",
            "'salt'",
            *outer,
            place("/srv/pyshop/", "screen/shop.py", "return basket.total()", "main"),
            *in_total("/srv/pyshop/"),
        )

    def wrapped(function: str, kind: str = "UnknownArticle") -> list[dict[str, Any]]:
        asked = place("/srv/pyshop/", "screen/shop.py", "return checked_price(name)", "wrapped")
        return chained("/srv/pyshop/", top, tool, drawn(function), asked, kind=kind)

    put("box", "Rich's box", run("python screen/shop.py rich"), sold(top, tool, drawn("with_rich")))
    put(
        "box_locals",
        "with the values of names",
        run("python screen/shop.py rich", LOCALS="1"),
        sold(top, tool, drawn("with_rich")),
    )
    put("box_chained", "an error that became another", run("python screen/shop.py rich+"), *wrapped("with_rich"))
    put(
        "box_narrow",
        "a narrow terminal, where paths are wrapped",
        run("python screen/shop.py rich+", WIDTH="34"),
        *wrapped("with_rich"),
    )
    put("box_log", "Rich's log handler", run("python screen/shop.py rich_log"), sold(drawn("with_rich_log")))
    put(
        "structlog",
        "structlog on a terminal",
        re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2024-05-01 10:00:00", run("python screen/shop.py structlog")),
        sold(drawn("with_structlog")),
    )
    broken = place("/srv/pyshop/", "screen/broken_module.py", "return", None)
    bad = place("/srv/pyshop/", "screen/tools.py", "import broken_module", "with_rich_syntax")
    put(
        "box_syntax",
        "a module that can't be read",
        run("python screen/shop.py rich_syntax"),
        error("SyntaxError", "closing parenthesis ')' does not match opening parenthesis '{'", top, tool, bad, broken),
    )
    ascii_box = run("python screen/shop.py rich").translate(str.maketrans("╭╮╰╯─│❱", "++++-|>"))
    put("box_ascii", "drawn without line characters", ascii_box, sold(top, tool, drawn("with_rich")))
    caught = drawn("with_loguru")
    put(
        "loguru",
        "loguru with the values of names",
        run("python screen/shop.py loguru"),
        sold(top, tool, caught),
        form="loguru",
    )
    put(
        "loguru_chained",
        "loguru, an error that became another",
        run("python screen/shop.py loguru+"),
        *wrapped("with_loguru", "till.prices.UnknownArticle"),
        form="loguru",
    )


def unittests() -> None:
    file = "unit/test_till.py"

    def put(name: str, about: str, log: str, *errors: dict[str, Any], form: str = "unittest") -> None:
        write("unittest", name, form, about, addresses(re.sub(r"in \d\.\d+s", "in 0.001s", log)), *errors)

    def test(text: str, function: str) -> dict[str, Any]:
        return place("/srv/pyshop/", file, text, function)

    errors = [
        error(
            "ValueError",
            "an empty basket\nput something into it",
            test("checked_total()", "setUpClass"),
            place("/srv/pyshop/", "till/basket.py", "raise ValueError", "checked_total"),
        ),
        error("KeyError", "'salt'", test("assertGreater", "test_all"), in_price("/srv/pyshop/")),
        error("KeyError", "'salt'", test('        price("salt")', "test_salt"), in_price("/srv/pyshop/")),
        *chained("/srv/pyshop/", test('checked_price("salt")', "test_wrapped")),
        error("AssertionError", "2 not greater than 2", test("assertGreater", "test_all")),
        error("AssertionError", "3 != 4 : tea became dear", test("assertEqual", "test_tea")),
    ]
    log = run("python -m unittest unit.test_till")
    put("classes", "unittest's errors and failures", log, *errors)
    put("buffered", "with what the tests printed (-b)", run("python -m unittest -b unit.test_till"), *errors)
    put(
        "times",
        "every line with its time",
        "".join(f"2024-05-01T10:00:00.123Z {line}\n" for line in log.splitlines()),
        *errors,
    )
    imported = run("python -m unittest unit.broken_import")
    loader = re.search(r'File "([^"]*loader\.py)", line (\d+)', imported)
    put(
        "import",
        "a module that can't be imported",
        imported,
        error(
            "ModuleNotFoundError",
            "No module named 'till.discounts'",
            frame(loader[1] if loader else None, int(loader[2]) if loader else 0, "loadTestsFromName", own=False),
            place("/srv/pyshop/", "unit/broken_import.py", "from till", "<module>"),
        ),
    )
    called = place("/srv/pyshop/", "till/prices.py", '>>> price("tea")', "prices.price")
    log = run("cd till && python -m doctest prices.py")
    put(
        "doctest",
        "doctest by itself",
        log[log.index("*" * 70 + '\nFile "/srv/pyshop/till/prices.py", line 13') :],
        error("DocTestFailure", "Expected:\n    4\nGot:\n    3", called),
        form="doctest",
    )


def main() -> None:
    shutil.copytree(HERE, PLACE, dirs_exist_ok=True, ignore=shutil.ignore_patterns("make.py", "__pycache__"))
    (PLACE / "conftest.py").unlink()
    pytest_styles()
    pytest_cases()
    notebooks()
    boxes()
    unittests()


if __name__ == "__main__":
    main()
