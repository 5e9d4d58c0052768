"""What can be told of a template's answer without a person: its form, and for code whether it still does the same."""

import ast
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MOST_SECONDS = 10.0
_FENCED = re.compile(r"^[ \t]*```[^\n]*\n(?P<code>.*?)(?:\n[ \t]*```[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Case:
    """One input. `files`: path and text; the first is `$code`. `check` is code that raises if the answer is wrong."""

    name: str
    files: tuple[tuple[str, str], ...] = ()
    context: str = ""
    question: str = ""
    check: str = ""
    expected: tuple[str, ...] = ()
    language_of: str = ""

    @property
    def code(self) -> str:
        """The first file's text."""
        return self.files[0][1] if self.files else ""


Check = Callable[[Case, str], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and what is wrong with it."""

    case: Case
    text: str
    faults: tuple[str, ...] = field(default=())


def judged(name: str, case: Case, text: str) -> Answered:
    """The answer of the template `name` to `case`, with its faults."""
    return Answered(case, text, tuple(fault for check in CHECKS.get(name, ()) for fault in check(case, text)))


def fenced(text: str) -> list[str]:
    """The code of every fence; an unclosed one counts."""
    return [match["code"] for match in _FENCED.finditer(text)]


def _one_block(case: Case, text: str) -> Iterator[str]:
    blocks = fenced(text)
    if len(blocks) != 1:
        yield f"{len(blocks)} code blocks"
    elif _FENCED.sub("", text).strip():
        yield "text beside the code"


def _parses(case: Case, text: str) -> Iterator[str]:
    try:
        ast.parse(_code(text))
    except (SyntaxError, ValueError) as error:
        yield f"does not parse: {error}"


def _changed(case: Case, text: str) -> Iterator[str]:
    if _code(text).strip() == case.code.strip():
        yield "unchanged"


def _behaves(case: Case, text: str) -> Iterator[str]:
    if case.check and (error := _run(f"{case.context}\n{_code(text)}\n{case.check}")):
        yield f"does something else: {error}"


def _only_types(case: Case, text: str) -> Iterator[str]:
    if _without_types(_code(text)) != _without_types(case.code):
        yield "more than types changed"


def _has_types(case: Case, text: str) -> Iterator[str]:
    try:
        functions = [node for node in ast.walk(ast.parse(_code(text))) if isinstance(node, ast.FunctionDef)]
    except SyntaxError:
        return
    bare = [node.name for node in functions if node.returns is None and node.name != "__init__"]
    bare += [
        each.arg for node in functions for each in node.args.args if each.annotation is None and each.arg != "self"
    ]
    if bare:
        yield f"without a type: {', '.join(bare)}"


def _more_functions(case: Case, text: str) -> Iterator[str]:
    if _functions(_code(text)) <= _functions(case.code):
        yield "no new function"


def _only_names(case: Case, text: str) -> Iterator[str]:
    if _without_names(_code(text)) != _without_names(case.code):
        yield "more than names changed"


def _expected(case: Case, text: str) -> Iterator[str]:
    missing = [word for word in case.expected if word.lower() not in text.lower()]
    if missing:
        yield f"says nothing of {', '.join(missing)}"


def _short(case: Case, text: str) -> Iterator[str]:
    if len(text.split()) > 160:
        yield f"{len(text.split())} words"


def _tests_run(case: Case, text: str) -> Iterator[str]:
    """Do the tests pass against the code? Its functions stand before them; imports of its module are taken out."""
    module = Path(case.files[0][0]).stem
    code = re.sub(
        rf"^\s*(?:from\s+[\w.]*\b{module}\s+import.*|import\s+[\w.]*\b{module}.*)$", "", _code(text), flags=re.M
    )
    names = re.findall(r"^def (test_\w+)\(\)", code, re.MULTILINE)
    if not names and "unittest" not in code:
        yield "no test functions"
        return
    calls = "\n".join(f"{name}()" for name in names)
    main = "import sys, unittest\nsys.exit(not unittest.main(exit=False, argv=['x']).result.wasSuccessful())"
    if error := _run(f"{case.context}\n{case.code}\n{code}\n{calls if names else main}"):
        yield f"tests fail: {error}"


def _no_code_of_it(case: Case, text: str) -> Iterator[str]:
    """Documentation alone was asked for."""
    body = [line.strip() for line in case.code.splitlines()[1:] if len(line.strip()) > 7]
    if sum(line in text for line in body) > 1:
        yield "repeats the code"


def _bare_docstring(case: Case, text: str) -> Iterator[str]:
    """The block can be put below the `def` as it is."""
    try:
        body = ast.parse(textwrap.dedent(_code(text))).body
    except SyntaxError:
        body = []
    if len(body) != 1 or not isinstance(body[0], ast.Expr) or not isinstance(body[0].value, ast.Constant):
        yield "no bare docstring"


def _same_code(case: Case, text: str) -> Iterator[str]:
    """Only comments and docstrings may differ."""
    if _without_docs(_code(text)) != _without_docs(case.code):
        yield "the code changed"


def _form(*starts: str) -> Check:
    def check(case: Case, text: str) -> Iterator[str]:
        at = 0
        for start in starts:
            found = re.compile(rf"^[\s*#_-]*{re.escape(start)}", re.MULTILINE | re.IGNORECASE).search(text, at)
            if found is None:
                yield f"no {start}"
                return
            at = found.end()

    return check


def _subject(case: Case, text: str) -> Iterator[str]:
    first = text.strip().partition("\n")[0]
    if len(first) > 72 or first.startswith("```"):
        yield f"first line: {first[:40]}… ({len(first)})"


def _in_language(case: Case, text: str) -> Iterator[str]:
    signs = {"Chinese": r"[\u4e00-\u9fff]{4}", "German": r"\b(?:der|die|das|und|ist|eine?|wird|nicht)\b"}
    if case.language_of and len(re.findall(signs[case.language_of], text)) < 2:
        yield f"no {case.language_of}"
    if not re.search(r"\b(?:the|is|of|and)\b", text):
        yield "no English"


_CODE: tuple[Check, ...] = (_one_block, _parses)
CHECKS: Mapping[str, tuple[Check, ...]] = {
    "simplify": (*_CODE, _changed, _behaves),
    "performance": (*_CODE, _changed, _behaves),
    "extract-function": (*_CODE, _more_functions, _behaves),
    "rename": (*_CODE, _changed, _only_names),
    "type-hints": (*_CODE, _changed, _only_types, _has_types),
    "explain": (_short,),
    "debug": (_form("Cause", "Place", "Fix"), _expected),
    "review-code": (_expected, _short),
    "tests": (*_CODE, _tests_run),
    "docstring": (_one_block, _no_code_of_it, _bare_docstring),
    "commit": (_subject, _expected, _short),
    "summarise": (_expected, _short),
    "compare": (_form("Same", "Different", "Only"), _expected),
    "paper": (_form("Claim", "Evidence", "Weaknesses", "Question"), _expected),
    "mail": (_form("Subject"), _expected),
    "translate-comments": (*_CODE, _same_code, _expected),
    "bilingual": (_form("English"), _in_language, _short),
}
"""The checks of each shipped template."""


def _code(text: str) -> str:
    return "\n".join(fenced(text)[:1])


def _functions(code: str) -> int:
    return len(re.findall(r"^\s*(?:async )?def ", code, re.MULTILINE))


def _without_types(code: str) -> str:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return "?"
    kept = [node for node in tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    text = "\n".join(ast.unparse(node) for node in kept)
    return re.sub(r"^(\s*[\w.]+): [^=\n]+ = ", r"\1 = ", text, flags=re.MULTILINE)


def _without_names(code: str) -> str:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return "?"
    return re.sub(r"\b(?:id|arg|name)='[^']*'", "", ast.dump(tree))


def _without_docs(code: str) -> str:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return "?"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _run(program: str) -> str:
    """Run Python code in an empty folder; the last line of its complaint, "" where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", program], cwd=folder, capture_output=True, text=True, timeout=MOST_SECONDS,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "it did not end"
    return (done.stderr.strip().splitlines() or ["it failed"])[-1] if done.returncode else ""
