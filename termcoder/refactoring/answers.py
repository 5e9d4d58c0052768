"""What a model answered, as lines for the file: its code, without what it added around it."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from termcoder import syntax
from termcoder.diagnosis.fixes import code_of, without_numbers
from termcoder.refactoring.python_names import imported_names
from termcoder.refactoring.selecting import Selection, definitions
from termcoder.refactoring.statements import extent_of, fragment, is_python, rows_in_strings

NO_CODE, CUT_SHORT, PLACEHOLDER = "held no code", "was cut short", "left code out behind a comment"

_FENCE = re.compile(r"(?m)^ *(?:`{3,}|~{3,})")
_COMMENT = r"(?:#|//|/\*+|--|<!--)"
_REST = (
    r"(?:\.{3}|…)|(?:the )?(?:rest|remainder|remaining)\b.{0,40}\b(?:code|function|class|method|file|body|logic|same|"
    r"unchanged|implementation|lines)|(?:existing|original|other|previous|same|your|implementation)\b[^.]{0,30}"
    r"\b(?:code|logic|implementation|methods?|functions?|here|unchanged|goes here|as before|above)\s*(?:\.{3}|…|here|$)"
)
_PLACEHOLDER = re.compile(rf"{_COMMENT}\s*(?:{_REST})", re.IGNORECASE)
_BARE_DOTS = re.compile(r"\s*(?:\.{3}|…)\s*")


@dataclass(frozen=True, slots=True)
class Written:
    """New lines for a selection, and imports (whole statements) that the file needs for them."""

    lines: tuple[str, ...]
    imports: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def read_answer(answer: str, selection: Selection, *, complete: bool = True) -> Written | str:
    """The lines that an answer holds, or why it is not usable, in a few words.

    `complete`: the model came to its end. Imports at the beginning are taken out for the file's head; statements
    that it added to a definition (an example of its use) are left out.
    """
    lines = without_numbers(code_of(answer))
    while lines and not lines[0].strip():
        lines = lines[1:]
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if not lines or (not _FENCE.search(answer) and not syntax.can_check(selection.path)):
        return NO_CODE
    if not complete or len(_FENCE.findall(answer)) == 1:
        return CUT_SHORT
    if left_out(lines, selection.lines):
        return PLACEHOLDER
    written = _for_python(lines, selection) if is_python(selection.path) else Written(lines)
    return replace(written, lines=_moved_in(written.lines, selection.lines))


def _moved_in(new: tuple[str, ...], old: Sequence[str]) -> tuple[str, ...]:
    """The new lines, indented as the old ones where all of them, or the first alone, were moved to the margin."""
    margin = old[0][: _indentation(old[:1])]
    if not margin or _indentation(new[:1]):
        return new
    if _indentation(new[1:]) == _indentation(old[1:]) > 0:
        return (margin + new[0], *new[1:])
    inside = rows_in_strings("\n".join(new))
    return tuple(margin + line if line.strip() and number not in inside else line for number, line in enumerate(new, 1))


def _indentation(lines: Sequence[str]) -> int:
    """The least indentation of some lines, blank ones aside; 0 where there are none."""
    return min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)


def left_out(new: Sequence[str], old: Sequence[str]) -> bool:
    """Whether a comment stands for code: "... rest of the function". What the old lines say too is none."""
    known = {line.strip() for line in old}
    for line in new:
        if line.strip() in known:
            continue
        if _PLACEHOLDER.search(line) or _BARE_DOTS.fullmatch(line):
            return True
    return False


def _for_python(lines: tuple[str, ...], selection: Selection) -> Written:
    new, old = fragment(lines), fragment(selection.lines)
    if not new or old is None:
        return Written(lines)
    body, notes = _meant(new, old, _neighbours(selection))
    kept_imports = {name for each in old for name in imported_names(each)}
    imports = [each for each in body if isinstance(each, ast.Import | ast.ImportFrom)]
    hoisted = [each for each in imports if not imported_names(each) & kept_imports] if not kept_imports else []
    wanted = [each for each in body if each not in hoisted]
    if not wanted:
        return Written(lines)
    left = _lines_for(wanted, lines, whole=wanted == new)
    return Written(left, tuple(ast.unparse(each) for each in hoisted), notes)


def _neighbours(selection: Selection) -> frozenset[str]:
    """The functions and classes at the top of the file that are not chosen."""
    known = definitions(selection.path, selection.text)
    return frozenset(each.name for each in known if not selection.first <= each.first <= selection.last)


def _meant(
    new: list[ast.stmt], old: list[ast.stmt], neighbours: frozenset[str]
) -> tuple[list[ast.stmt], tuple[str, ...]]:
    """The statements of an answer that take the place of the old ones, and a note of what is left out."""
    inner = _unwrapped(new, old)
    named = {each.name for each in old if isinstance(each, _DEFINITION)}
    if not all(isinstance(each, _DEFINITION) for each in old):
        return inner, ()
    if not any(isinstance(each, _DEFINITION) for each in inner):
        return inner, ()
    kept = [each for each in inner if _is_meant(each, neighbours - named)]
    extra = len(inner) - len(kept)
    what = "a statement" if extra == 1 else f"{extra} statements"
    return kept, (f"{what} that the model added {'is' if extra == 1 else 'are'} left out",) if extra else ()


def _is_meant(statement: ast.stmt, neighbours: frozenset[str]) -> bool:
    """Whether a statement may stand beside definitions: a new one, an import, a constant."""
    if isinstance(statement, _DEFINITION):
        return statement.name not in neighbours
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign)


_DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _unwrapped(new: list[ast.stmt], old: list[ast.stmt]) -> list[ast.stmt]:
    """The methods, where the model wrote the class around them that it was not shown."""
    named = {each.name for each in old if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    classes = [each for each in new if isinstance(each, ast.ClassDef)]
    if len(classes) != 1 or not named or any(isinstance(each, ast.ClassDef) for each in old):
        return new
    inner = [each for each in classes[0].body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    if not named <= {each.name for each in inner}:
        return new
    return [each for each in new if isinstance(each, ast.Import | ast.ImportFrom)] + list(inner)


def _lines_for(wanted: Sequence[ast.stmt], lines: tuple[str, ...], *, whole: bool) -> tuple[str, ...]:
    """The lines of some statements, with the comments before each."""
    if whole:
        return lines
    kept: list[str] = []
    for statement in wanted:
        first, last = extent_of(statement)
        while first > 1 and lines[first - 2].lstrip().startswith("#"):
            first -= 1
        before = 0
        while first - 1 - before > 0 and not lines[first - 2 - before].strip():
            before += 1
        kept += [""] * (before if kept else 0) + list(lines[first - 1 : last])
    return tuple(kept)
