"""Fixes by rule: what each makes of a failing line, and where there must be none."""

import functools
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder import syntax
from termcoder.diagnosis.fixes import by_rule, checked
from termcoder.diagnosis.recipes import rewrites
from termcoder.tracebacks import Frame, LoggedError

ROOT = Path(__file__).parents[2]
KEY, INDEX, ZERO, ATTRIBUTE = "KeyError", "IndexError", "ZeroDivisionError", "AttributeError"
SHORT = "list index out of range"
BY_ZERO = "division by zero"


def no_attribute(name: str) -> str:
    return f"'NoneType' object has no attribute '{name}'"


def reading(name: str) -> str:
    return f"Cannot read properties of undefined (reading '{name}')"


def outcomes(before: str, error: LoggedError, line: int = 1, path: str = "app.py") -> list[str]:
    """The file after each fix that was kept, in the order in which they were made. None may be dropped."""
    made = rewrites(path, before, line, error)
    found = checked(by_rule(path, before, made))
    assert found.dropped == ()
    after = {fix.title: fix.patch.changes[0].after for fix in found.fixes}
    return [after[rewrite.title] or "" for rewrite in made]


def check(before: str, kind: str, message: str, expected: list[str], line: int = 1) -> None:
    assert outcomes(before, LoggedError(kind, message), line) == expected


# Keys


@pytest.mark.parametrize(
    ("before", "key", "expected"),
    [
        ("x = d['a']\n", "'a'", ["x = d.get('a')\n", "if 'a' in d:\n    x = d['a']\nelse:\n    x = None\n"]),
        ("print(d[5])\n", "5", ["print(d.get(5))\n", "if 5 in d:\n    print(d[5])\n"]),
        ("print(d[-1])\n", "-1", ["print(d.get(-1))\n", "if (-1) in d:\n    print(d[-1])\n"]),
        ("print(d[k])\n", "'a'", ["print(d.get(k))\n", "if k in d:\n    print(d[k])\n"]),
        ("print(d[1, 2])\n", "(1, 2)", ["print(d.get((1, 2)))\n", "if (1, 2) in d:\n    print(d[1, 2])\n"]),
        ('print(d["it\'s"])\n', '"it\'s"', ['print(d.get("it\'s"))\n', 'if "it\'s" in d:\n    print(d["it\'s"])\n']),
        ("print(d['a']['b'])\n", "'a'", ["print(d.get('a', {}).get('b'))\n", "if 'a' in d:\n    print(d['a']['b'])\n"]),
        ("print(d['a']['b'])\n", "'b'", ["print(d['a'].get('b'))\n", "if 'b' in d['a']:\n    print(d['a']['b'])\n"]),
        (
            "print(f\"{u['n']}!\")\n",
            "'n'",
            ["print(f\"{u.get('n')}!\")\n", "if 'n' in u:\n    print(f\"{u['n']}!\")\n"],
        ),
        ("n += row['n']\n", "'n'", ["if 'n' in row:\n    n += row['n']\n"]),
        ("n -= row['n']\n", "'n'", ["n -= row.get('n', 0)\n", "if 'n' in row:\n    n -= row['n']\n"]),
        ("c[w] += 1\n", "'x'", ["c[w] = c.get(w, 0) + 1\n", "if w in c:\n    c[w] += 1\n"]),
        ("c['a'] += [1]\n", "'a'", ["c['a'] = c.get('a', []) + [1]\n", "if 'a' in c:\n    c['a'] += [1]\n"]),
        ("c[w] += size\n", "'x'", ["if w in c:\n    c[w] += size\n"]),
        (
            "print(d['a'].strip())\n",
            "'a'",
            ["print(d.get('a', '').strip())\n", "if 'a' in d:\n    print(d['a'].strip())\n"],
        ),
        ("print('x' + d['a'])\n", "'a'", ["print('x' + d.get('a', ''))\n", "if 'a' in d:\n    print('x' + d['a'])\n"]),
        ("print(len(d['a']))\n", "'a'", ["print(len(d.get('a', ())))\n", "if 'a' in d:\n    print(len(d['a']))\n"]),
        ("print(int(d['a']))\n", "'a'", ["print(int(d.get('a', 0)))\n", "if 'a' in d:\n    print(int(d['a']))\n"]),
        ("f(**d['a'])\n", "'a'", ["f(**d.get('a', {}))\n", "if 'a' in d:\n    f(**d['a'])\n"]),
        ("for x in d['a']:\n    print(x)\n", "'a'", ["for x in d.get('a', ()):\n    print(x)\n"]),
        ("xs = [r['a'] for r in rows]\n", "'a'", ["xs = [r.get('a') for r in rows]\n"]),
        ("x = (a or b)['k']\n", "'k'", ["x = (a or b).get('k')\n"]),
        ("x = queue.take()['k']\n", "'k'", ["x = queue.take().get('k')\n"]),
        ("if d['a'] == 1:\n    pass\nelse:\n    pass\n", "'a'", ["if d.get('a') == 1:\n    pass\nelse:\n    pass\n"]),
        ("d['a'].append(1)\n", "'a'", ["d.setdefault('a', []).append(1)\n", "if 'a' in d:\n    d['a'].append(1)\n"]),
        ("d['a']['b'] = 1\n", "'a'", ["d.setdefault('a', {})['b'] = 1\n", "if 'a' in d:\n    d['a']['b'] = 1\n"]),
        (
            "print('d[a]', d['a'])\n",
            "'a'",
            ["print('d[a]', d.get('a'))\n", "if 'a' in d:\n    print('d[a]', d['a'])\n"],
        ),
        (
            "é = ü['ä']  # €\n",
            "'ä'",
            ["é = ü.get('ä')  # €\n", "if 'ä' in ü:\n    é = ü['ä']  # €\nelse:\n    é = None\n"],
        ),
        ("a.b = d['k']\n", "'k'", ["a.b = d.get('k')\n", "if 'k' in d:\n    a.b = d['k']\nelse:\n    a.b = None\n"]),
        ("a, b = d['k']\n", "'k'", ["if 'k' in d:\n    a, b = d['k']\nelse:\n    a = None\n    b = None\n"]),
        (
            "x: int = d['k']\n",
            "'k'",
            ["x: int = d.get('k')\n", "if 'k' in d:\n    x: int = d['k']\nelse:\n    x = None\n"],
        ),
        ("print(d['a'](3))\n", "'a'", ["if 'a' in d:\n    print(d['a'](3))\n"]),
        ("print(1 / d['a'])\n", "'a'", ["if 'a' in d:\n    print(1 / d['a'])\n"]),
        ("print(f\"{d['a']:.2f}\")\n", "'a'", ["if 'a' in d:\n    print(f\"{d['a']:.2f}\")\n"]),
        ("print(d['a'], d['a'])\n", "'a'", ["if 'a' in d:\n    print(d['a'], d['a'])\n"]),
        ("print(d['a'])", "'a'", ["print(d.get('a'))", "if 'a' in d:\n    print(d['a'])"]),
    ],
)
def test_a_missing_key_gets_a_default_or_a_check(before: str, key: str, expected: list[str]) -> None:
    check(before, KEY, key, expected)


def test_in_a_function_what_a_return_reads_is_got_or_checked() -> None:
    expected = ["def f(d):\n    return d.get('a')\n", "def f(d):\n    if 'a' in d:\n        return d['a']\n"]
    check("def f(d):\n    return d['a']\n", KEY, "'a'", expected, line=2)


def test_a_statement_of_many_lines_is_moved_as_a_whole() -> None:
    before = "x = f(\n    d['a'],\n    2,\n)\n"
    guarded = "if 'a' in d:\n    x = f(\n        d['a'],\n        2,\n    )\nelse:\n    x = None\n"
    check(before, KEY, "'a'", ["x = f(\n    d.get('a'),\n    2,\n)\n", guarded], line=2)


def test_tabs_stay_tabs() -> None:
    guarded = "def f():\n\tif 'a' in d:\n\t\tx = d['a']\n\telse:\n\t\tx = None\n"
    check("def f():\n\tx = d['a']\n", KEY, "'a'", ["def f():\n\tx = d.get('a')\n", guarded], line=2)


def test_line_ends_of_windows_stay() -> None:
    guarded = "def f():\r\n    if 'a' in d:\r\n        return d['a']\r\n"
    check("def f():\r\n    return d['a']\r\n", KEY, "'a'", ["def f():\r\n    return d.get('a')\r\n", guarded], line=2)


@pytest.mark.parametrize(
    "before",
    [
        "d['a'] = 1\n",
        "del d['a']\n",
        "del d['a']['b']\n",
        "x = d['a']['c'] + e['a']\n",
        "x = 1; y = d['a']\n",
        "if a: y = d['a']\n",
        "print(\"d['a']\")\n",
        "# d['a']\n",
        "x = y['b']\n",
        "x = a[i] + b[j]\n",
        "d.pop('a', d[k])\n",
        "x = d['a':'b']\n",
        "x: dict['a', int]\n",
        "def f():\n    return d['a']\n",
        "\n",
        "x = d['a'\n",
    ],
)
def test_where_the_missing_key_is_in_doubt_nothing_is_made(before: str) -> None:
    check(before, KEY, "'a'", [])


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("x = '''\n''' + d['a']\n", ["x = '''\n''' + d.get('a', '')\n"]),
        ("x = y and d['a']\n", ["x = y and d.get('a')\n"]),
        ("x = d['a'] if y else 0\n", ["x = d.get('a') if y else 0\n"]),
        ("x = (y := g()) and y['a']\n", ["x = (y := g()) and y.get('a')\n"]),
        ("x = lambda d: d['a']\n", ["x = lambda d: d.get('a')\n"]),
        ("with d['a']:\n    pass\n", []),
        ("raise d['a']\n", []),
        ("a, *b = d['a']\n", []),
    ],
)
def test_a_check_is_only_made_where_the_statement_can_be_left_out(before: str, expected: list[str]) -> None:
    line = before.count("\n", 0, before.index("d['a']") if "d['a']" in before else 0) + 1
    check(before, KEY, "'a'", expected, line)


def test_one_statement_of_two_on_a_line_is_not_put_under_a_check() -> None:
    check("x = d['a'] ; y = 1\n", KEY, "'a'", [])


# Places, None, zero


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("print(a[0])\n", ["print((a[0] if a else None))\n", "if a:\n    print(a[0])\n"]),
        ("print(a[-1])\n", ["print((a[-1] if a else None))\n", "if a:\n    print(a[-1])\n"]),
        ("print(a[-2])\n", ["print((a[-2] if len(a) >= 2 else None))\n", "if len(a) >= 2:\n    print(a[-2])\n"]),
        (
            "print(a[i + 1])\n",
            ["print((a[i + 1] if len(a) > i + 1 else None))\n", "if len(a) > i + 1:\n    print(a[i + 1])\n"],
        ),
        ("print(d['k'][0])\n", ["print((d['k'][0] if d['k'] else None))\n", "if d['k']:\n    print(d['k'][0])\n"]),
        ("print(a[0].name)\n", ["if a:\n    print(a[0].name)\n"]),
        ("n -= a[0]\n", ["n -= (a[0] if a else 0)\n", "if a:\n    n -= a[0]\n"]),
        ("print(m[i][j])\n", []),
        ("print(d[rows[0]])\n", []),
        ("print(take()[0])\n", []),
        ("print(a[i if b else 2])\n", []),
        ("a[0] = 1\n", []),
        ("print(a[1:2])\n", []),
    ],
)
def test_a_place_beyond_the_end_is_none_or_checked(before: str, expected: list[str]) -> None:
    check(before, INDEX, SHORT, expected)


@pytest.mark.parametrize("message", ["list assignment index out of range", "pop from empty list", ""])
def test_only_a_reading_place_beyond_the_end_is_mended(message: str) -> None:
    check("a[i] = b[0]\n", INDEX, message, [])


@pytest.mark.parametrize(
    ("before", "attribute", "expected"),
    [
        (
            "print(u.name)\n",
            "name",
            ["print((u.name if u is not None else None))\n", "if u is not None:\n    print(u.name)\n"],
        ),
        (
            "x = a.b.strip().lower()\n",
            "strip",
            [
                "x = (a.b.strip().lower() if a.b is not None else None)\n",
                "if a.b is not None:\n    x = a.b.strip().lower()\nelse:\n    x = None\n",
            ],
        ),
        (
            "print(len(a.b))\n",
            "b",
            ["print(len((a.b if a is not None else ())))\n", "if a is not None:\n    print(len(a.b))\n"],
        ),
        ("u.save()\n", "save", ["if u is not None:\n    u.save()\n"]),
        ("u.name = 1\n", "name", []),
        (
            "u.a.name = 1\n",
            "a",
            ["if u is not None:\n    u.a.name = 1\n"],
        ),
        ("x = a.name + b.name\n", "name", []),
        ("x = take().name\n", "name", []),
        ("print('u.name')\n", "name", []),
        ("xs = [u.name for u in us]\n", "name", ["xs = [(u.name if u is not None else None) for u in us]\n"]),
    ],
)
def test_what_is_read_of_none_is_none_or_checked(before: str, attribute: str, expected: list[str]) -> None:
    check(before, ATTRIBUTE, no_attribute(attribute), expected)


def test_an_await_goes_with_what_is_awaited() -> None:
    before = "async def f(a):\n    x = await a.b()\n"
    first = "async def f(a):\n    x = (await a.b() if a is not None else None)\n"
    check(
        before,
        ATTRIBUTE,
        no_attribute("b"),
        [first, outcomes(before, LoggedError(ATTRIBUTE, no_attribute("b")), 2)[1]],
        2,
    )


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("print(u['a'])\n", ["print((u['a'] if u is not None else None))\n", "if u is not None:\n    print(u['a'])\n"]),
        ("print(u[1:])\n", ["print((u[1:] if u is not None else None))\n", "if u is not None:\n    print(u[1:])\n"]),
        ("print(u['a']['b'])\n", []),
        ("u['a'] = 1\n", []),
    ],
)
def test_an_element_of_none_is_none_or_checked(before: str, expected: list[str]) -> None:
    check(before, "TypeError", "'NoneType' object is not subscriptable", expected)


@pytest.mark.parametrize(
    "message",
    [
        "unsupported operand type(s) for +: 'NoneType' and 'int'",
        "'NoneType' object does not support item assignment",
        "",
    ],
)
def test_another_type_error_is_not_mended_by_an_element_beside_it(message: str) -> None:
    check("x = n + u['a']\n", "TypeError", message, [])


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("print(a / n)\n", ["print((a / n if n else 0))\n", "if n:\n    print(a / n)\n"]),
        ("print(a % n)\n", ["print((a % n if n else 0))\n", "if n:\n    print(a % n)\n"]),
        (
            "print(a / (b - c) * 3)\n",
            ["print((a / (b - c) if b - c else 0) * 3)\n", "if b - c:\n    print(a / (b - c) * 3)\n"],
        ),
        (
            "print(sum(x) / len(x))\n",
            ["print((sum(x) / len(x) if len(x) else 0))\n", "if len(x):\n    print(sum(x) / len(x))\n"],
        ),
        ("x /= n\n", ["if n:\n    x /= n\n"]),
        ("x = a / b + c / d\n", []),
        ("x = a / take()\n", []),
        ("x = '%s' % n\n", []),
        ("x = a / 2\n", []),
        ("x = divmod(a, b)\n", []),
        ("x /= a / b\n", []),
    ],
)
def test_a_division_by_zero_is_zero_or_checked(before: str, expected: list[str]) -> None:
    check(before, ZERO, BY_ZERO, expected)


# Names


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("print('usr', usr)  # usr\n", ["print('usr', user)  # usr\n"]),
        ("print(usr + usr)\n", ["print(user + user)\n"]),
        ("é = usr.usr\n", ["é = user.usr\n"]),
        ("print(f'usr {usr}')\n", ["print(f'usr {user}')\n"]),
        ("usr = 1\n", []),
        ("print(usr_x)\n", []),
    ],
)
def test_a_slip_of_the_pen_is_mended_where_the_name_is_read(before: str, expected: list[str]) -> None:
    check(before, "NameError", "name 'usr' is not defined. Did you mean: 'user'?", expected)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("x = a.nme + d['nme']\n", ["x = a.name + d['nme']\n"]),
        ("x = a.nme + a.nme\n", ["x = a.name + a.name\n"]),
        ("x = a.nme + b.nme\n", []),
        ("x = nme\n", []),
    ],
)
def test_a_slip_in_an_attribute_is_mended(before: str, expected: list[str]) -> None:
    check(before, ATTRIBUTE, "'A' object has no attribute 'nme'. Did you mean: 'name'?", expected)


def test_an_imported_name_is_mended_and_the_rest_of_the_file_goes_on_with_it() -> None:
    message = "cannot import name 'nme' from 'm' (m.py). Did you mean: 'name'?"
    check("from m import nme\n", "ImportError", message, ["from m import name\n"])
    check("from m import a, nme as n\n", "ImportError", message, ["from m import a, name as n\n"])
    check("from m import nme\nnme()\n", "ImportError", message, ["from m import name as nme\nnme()\n"])


@pytest.mark.parametrize(
    ("head", "where"),
    [
        ("", "{}"),
        ('"""What it is."""\n', '"""What it is."""\n{}'),
        ('"""What it is."""\nfrom __future__ import annotations\n', None),
        ("#!/usr/bin/env python\nimport sys\n", "#!/usr/bin/env python\n{}import sys\n"),
        ("@wrap\ndef f():\n    pass\n", "{}@wrap\ndef f():\n    pass\n"),
    ],
)
def test_a_forgotten_import_goes_to_the_others(head: str, where: str | None) -> None:
    before = f"{head}print(json.dumps(1))\n"
    expected = (where or head + "{}").format("import json\n") + "print(json.dumps(1))\n"
    for message in ("name 'json' is not defined. Did you forget to import 'json'?", "name 'json' is not defined"):
        check(before, "NameError", message, [expected], before.count("\n"))


def test_a_class_that_is_named_as_its_module_is_imported_as_it_is_used() -> None:
    message = "name 'datetime' is not defined"
    check("datetime.now()\n", "NameError", message, ["from datetime import datetime\ndatetime.now()\n"])
    check("datetime.date(1, 2, 3)\n", "NameError", message, ["import datetime\ndatetime.date(1, 2, 3)\n"])


def test_a_variable_with_a_module_s_name_is_no_forgotten_import() -> None:
    check("print(string)\n", "NameError", "name 'string' is not defined", [])


def test_what_was_raised_in_a_library_is_not_mended_in_the_line_that_called_it() -> None:
    frames = (Frame("app.py", 1), Frame("/usr/lib/python3.11/re.py", 99, own=False))
    for before, error in {
        "x = u.name\n": LoggedError(ATTRIBUTE, no_attribute("name"), frames),
        "f(a[0])\n": LoggedError(INDEX, SHORT, frames),
        "f(names[i])\n": LoggedError(KEY, "'a'", frames),
        "x = f(a / b)\n": LoggedError(ZERO, BY_ZERO, frames),
    }.items():
        assert rewrites("app.py", before, 1, error) == ()
    assert len(rewrites("app.py", "x = environ['HOME']\n", 1, LoggedError(KEY, "'HOME'", frames))) == 2


# JavaScript


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("x = user.name;\n", "x = user?.name;\n"),
        ("x = a.b.name.c;\n", "x = a.b?.name.c;\n"),
        ("x = f(a, b).name();\n", "x = f(a, b)?.name();\n"),
        ("x = `a.name ${a.name}`;\n", "x = `a.name ${a?.name}`;\n"),
        ("x = y.z(q => q.name);\n", "x = y.z(q => q?.name);\n"),
        ("x = 'é' + a.name;\r\n", "x = 'é' + a?.name;\r\n"),
        ("x = this.name;\n", "x = this?.name;\n"),
        ("delete a.name;\n", "delete a?.name;\n"),
        ("x = a.name === a.name;\n", "x = a?.name === a?.name;\n"),
    ],
)
@pytest.mark.parametrize("path", ["a.js", "a.ts", "a.tsx", "a.mjs"])
def test_javascript_reads_of_undefined_with_a_question_mark(before: str, expected: str, path: str) -> None:
    assert outcomes(before, LoggedError("TypeError", reading("name")), path=path) == [expected]


@pytest.mark.parametrize(
    "before",
    [
        *("a.name = 1;", "a.name.b = 1;", "a.name().b = 1;", "a.name += 1;", "a.name ??= 1;", "a.name++;", "--a.name;"),
        *("[a.name] = x;", "({b: a.name} = x);", "[...a.name] = x;", "for (a.name of b) {}", "(a.name) = 1;"),
        *(
            "new a.name();",
            "a.name`x`;",
            "x = a?.name;",
            "x = 'a.name';",
            "// a.name",
            "x = /a.name/;",
            "x = b.name + a.name;",
        ),
        *("x = b.name + a.name;", "x = name;", "x = a.named;", "x = super.name;"),
    ],
)
def test_javascript_stays_where_a_question_mark_cannot_be(before: str) -> None:
    assert outcomes(before + "\n", LoggedError("TypeError", reading("name")), path="a.js") == []


def test_an_element_of_undefined_is_read_with_a_question_mark_too() -> None:
    error = LoggedError("TypeError", reading("0"))
    assert outcomes("x = items[0];\n", error, path="a.js") == ["x = items?.[0];\n"]


@pytest.mark.parametrize(
    "message",
    [
        "Cannot read property 'name' of undefined",
        'can\'t access property "name", a is undefined',
        "undefined is not an object (evaluating 'a.name')",
        "Cannot read properties of null (reading 'name')",
    ],
)
def test_every_engine_s_words_for_it_are_understood(message: str) -> None:
    assert outcomes("x = a.name;\n", LoggedError("TypeError", message), path="a.js") == ["x = a?.name;\n"]


def test_a_return_of_its_own_line_may_come_early() -> None:
    before = "function f(u) {\n  return u.name;\n}\n"
    early = "function f(u) {\n  if (u == null) return undefined;\n  return u.name;\n}\n"
    made = outcomes(before, LoggedError("TypeError", reading("name")), 2, "a.js")
    assert made == [before.replace("u.name", "u?.name"), early]


@pytest.mark.parametrize(
    "before",
    ["function f(u) {\nif (u)\n  return u.name;\n}\n", "function f(a) {\n\n  return a.map(u => u.name);\n}\n"],
)
def test_no_return_comes_early_where_it_would_change_something_else(before: str) -> None:
    made = outcomes(before, LoggedError("TypeError", reading("name")), 3, "a.js")
    assert made == [before.replace("u.name", "u?.name")]


def test_other_languages_have_no_recipes() -> None:
    assert rewrites("a.rb", "x = d['a']\n", 1, LoggedError(KEY, "'a'")) == ()


# Whatever the source

MESSAGES = [
    *((KEY, message) for message in ("'a'", "'name'", "0", "")),
    *((INDEX, message) for message in (SHORT, "tuple index out of range")),
    *((ATTRIBUTE, no_attribute(name)) for name in ("text", "path", "append", "get", "line")),
    (ATTRIBUTE, "'A' object has no attribute 'lines'. Did you mean: 'rows'?"),
    ("TypeError", "'NoneType' object is not subscriptable"),
    (ZERO, BY_ZERO),
    ("NameError", "name 'text' is not defined. Did you mean: 'next'?"),
    ("NameError", "name 'json' is not defined. Did you forget to import 'json'?"),
    ("ImportError", "cannot import name 'Path' from 'pathlib'. Did you mean: 'PurePath'?"),
]


@functools.cache
def sources() -> tuple[tuple[str, str], ...]:
    paths = sorted([*(ROOT / "termcoder").rglob("*.py"), *(ROOT / "tests").glob("*.py")])
    return tuple((str(path), path.read_text()) for path in paths)


def is_sound(path: str, before: str, line: int, error: LoggedError) -> int:
    """Check every fix of a line: it compiles, and only the lines that it names have changed. How many there were."""
    made = rewrites(path, before, line, error)
    for fix in made:
        found = checked(by_rule(path, before, [fix]))
        for kept in found.fixes:
            after = kept.patch.changes[0].after or ""
            assert syntax.check(path, after) is None
            old, new = before.split("\n"), after.split("\n")
            assert new[: fix.first - 1] == old[: fix.first - 1]
            assert new[len(new) - (len(old) - fix.last) :] == old[fix.last :]
    return len(made)


@settings(max_examples=60)
@given(st.randoms(use_true_random=False), st.sampled_from(MESSAGES))
def test_any_line_of_any_source_and_any_error_give_sound_fixes(random: random.Random, message: tuple[str, str]) -> None:
    path, before = random.choice(sources())
    is_sound(path, before, random.randint(0, before.count("\n") + 2), LoggedError(*message))


def test_whole_files_have_sound_fixes_on_every_line() -> None:
    path = ROOT / "termcoder" / "diagnosis" / "evidence.py"
    before = path.read_text()
    errors = [LoggedError(*message) for message in MESSAGES]
    lines = range(1, before.count("\n") + 1, 9)
    made = sum(is_sound(str(path), before, line, error) for line in lines for error in errors)
    assert made > 3


@given(st.text(max_size=60), st.integers(-2, 5), st.sampled_from(MESSAGES), st.sampled_from(["a.py", "a.js", "a.ts"]))
def test_no_text_makes_a_recipe_raise(text: str, line: int, message: tuple[str, str], path: str) -> None:
    assert isinstance(rewrites(path, text, line, LoggedError(*message)), tuple)
    rewrites(path, text, line, LoggedError("TypeError", reading("a")))
