import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termcoder import syntax
from termcoder.syntax import SyntaxProblem, can_check, check, enclosing, worse

GOOD = {
    "a.py": "class A:\n    x = 1\n\n    @d\n    def f(self):\n        def g():\n            pass\n        return 1\n",
    "a.js": "export class A {\n  m(a) {\n    return 1;\n  }\n}\nexport const f = (x) => {\n  return x.map(y => y)\n}\n",
    "a.ts": "@d()\nclass A<T> {\n  x: number = 1;\n  @d()\n  m(a: T): void {\n    this.x = 2;\n  }\n}\n",
    "a.tsx": "export function C() {\n  return <p>{1}</p>;\n}\n",
    "a.java": "class A {\n  int x;\n  @Override\n  public int f(int y) {\n    return y;\n  }\n}\n",
    "a.go": "package a\n\ntype T struct {\n\tx int\n}\n\nfunc (t *T) M() int {\n\treturn t.x\n}\n",
    "a.rs": "struct A {\n  x: i32,\n}\n\n#[inline]\n#[must_use]\nfn f(x: i32) -> i32 {\n    x\n}\n",
    "a.c": "static int *f(int x)\n{\n  return 0;\n}\nstruct S {\n  int a;\n};\n",
    "a.cpp": "template <typename T>\nT A::f(T x) {\n  return x;\n}\nclass B {\n  int g() {\n    return 1;\n  }\n};\n",
    "a.rb": "module M\n  class A\n    def f(x)\n      x\n    end\n  end\nend\n",
    "a.php": "<?php\nclass A {\n  public function f($x) {\n    return $x;\n  }\n}\n",
    "a.cs": "class A {\n  int x;\n  [Test]\n  public int F(int y) {\n    return y;\n  }\n}\n",
    "a.sh": "f() {\n  echo hi\n}\n",
    "a.json": '{"a": [1, 2]}\n',
    "a.toml": "[a]\nb = 1\n",
}
PATHS = sorted(GOOD)


@pytest.mark.parametrize("path", PATHS)
def test_what_parses_has_no_problem_and_what_was_broken_is_worse(path: str) -> None:
    text = GOOD[path]
    broken = text[: len(text) // 2] + "\n)]\n" + text[len(text) // 2 :]
    assert can_check(path)
    assert check(path, text) is None
    assert isinstance(check(path, broken), SyntaxProblem)
    assert worse(path, text, broken) == check(path, broken)
    assert worse(path, broken, broken) is None
    assert worse(path, broken, text) is None


@pytest.mark.parametrize(
    ("path", "text", "line", "message"),
    [
        ("a.py", "x = 1\ndef f(:\n", 2, "invalid syntax"),
        ("a.py", "x = (\n", 1, "'(' was never closed"),
        ("a.json", '{"a": 1,\n\n]', 3, "property name"),
        ("a.toml", "a = 1\nb = \n", 2, "Invalid value"),
        ("a.js", "f();\ng(;\n", 2, "')' is missing"),
        ("a.java", "class A {\n  int f() {\n  }\n", 3, "'}' is missing"),
    ],
)
def test_a_problem_says_where_and_what(path: str, text: str, line: int, message: str) -> None:
    problem = check(path, text)
    assert problem is not None
    assert problem.line == line
    assert message in problem.message


@pytest.mark.parametrize("path", ["README.md", "Makefile", "a", "a.unknown", ""])
def test_other_files_are_not_checked(path: str) -> None:
    assert not can_check(path)
    assert check(path, ")(") is None
    assert enclosing(path, ")(", 1) is None


@pytest.mark.parametrize(
    ("path", "line", "expected"),
    [
        ("a.py", 2, (1, 8, "A")),
        ("a.py", 4, (4, 8, "f")),
        ("a.py", 7, (6, 7, "g")),
        ("a.py", 8, (4, 8, "f")),
        ("a.py", 9, None),
        ("a.js", 1, (1, 5, "A")),
        ("a.js", 3, (2, 4, "m")),
        ("a.js", 6, (6, 8, "f")),
        ("a.js", 7, (6, 8, "f")),
        ("a.ts", 1, (1, 8, "A")),
        ("a.ts", 3, (1, 8, "A")),
        ("a.ts", 4, (4, 7, "m")),
        ("a.ts", 6, (4, 7, "m")),
        ("a.tsx", 2, (1, 3, "C")),
        ("a.java", 5, (3, 6, "f")),
        ("a.java", 2, (1, 7, "A")),
        ("a.go", 1, None),
        ("a.go", 4, (3, 5, "T")),
        ("a.go", 8, (7, 9, "M")),
        ("a.rs", 2, (1, 3, "A")),
        ("a.rs", 5, (5, 9, "f")),
        ("a.rs", 8, (5, 9, "f")),
        ("a.c", 3, (1, 4, "f")),
        ("a.c", 6, (5, 7, "S")),
        ("a.cpp", 1, (1, 4, "f")),
        ("a.cpp", 3, (1, 4, "f")),
        ("a.cpp", 7, (6, 8, "g")),
        ("a.rb", 4, (3, 5, "f")),
        ("a.rb", 2, (2, 6, "A")),
        ("a.php", 4, (3, 5, "f")),
        ("a.cs", 3, (3, 6, "F")),
        ("a.sh", 2, (1, 3, "f")),
        ("a.json", 1, None),
    ],
)
def test_the_function_or_class_around_a_line(path: str, line: int, expected: tuple[int, int, str] | None) -> None:
    name = expected and ("A::f" if (path, expected[2]) == ("a.cpp", "f") else expected[2])
    found = enclosing(path, GOOD[path], line)
    assert (found and found[:2]) == (expected and expected[:2])
    assert found is None or found[2] in (name, expected and expected[2])


@pytest.mark.parametrize("line", [0, -1, 10_000])
@pytest.mark.parametrize("path", PATHS)
def test_a_line_that_isn_t_there_is_in_nothing(path: str, line: int) -> None:
    assert enclosing(path, GOOD[path], line) is None


@given(st.sampled_from(PATHS), st.text() | st.sampled_from(list(GOOD.values())), st.text(max_size=9), st.integers(0, 9))
def test_no_text_raises(path: str, text: str, more: str, line: int) -> None:
    check(path, text + more)
    worse(path, text, more + text)
    enclosing(path, text[:20] + more + text[20:], line)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("piece", ["(", "-", "a.", "[", "{", "'", "\0", "\ud800", "1+", "if x {", "\ufeff"])
def test_texts_that_are_no_code_take_no_time(path: str, piece: str) -> None:
    text = piece * 3000
    started = time.process_time()
    check(path, text)
    enclosing(path, text, 1)
    assert time.process_time() - started < 3


@pytest.mark.filterwarnings("error")
def test_python_s_own_warnings_and_marks_are_not_problems() -> None:
    assert check("a.py", "\ufeffx = '\\d'\nassert (x, 1)\n") is None


def test_a_text_that_is_too_long_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "MAX_CHARS", 3)
    assert check("a.py", "def (") is None
    assert enclosing("a.py", GOOD["a.py"], 5) is None


def test_a_text_that_takes_too_long_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syntax, "MOST_SECONDS", 0.0)
    assert syntax.parsed("a.js", "elif a:\n" * 7_501) is None  # some 20 s of work for this grammar


def test_a_grammar_that_is_not_installed_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(syntax._GRAMMARS, "go", ("tree_sitter_nowhere", "language"))
    syntax._grammar.cache_clear()
    try:
        assert not can_check("a.go")
        assert check("a.go", ")(") is None
    finally:
        syntax._grammar.cache_clear()


def test_grammars_are_imported_when_asked_for() -> None:
    code = "import sys, termcoder.syntax as s; s.can_check('a.go'); s.check('a.py', 'x'); s.check('a.c', 'int x;');"
    code += "print([m for m in sorted(sys.modules) if m.startswith('tree_sitter') and '.' not in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['tree_sitter', 'tree_sitter_c']\n"
