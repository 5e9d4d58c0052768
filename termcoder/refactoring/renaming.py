"""Renames by rule: the name's own uses and no others, told apart by scope.

In Python scopes are read from the syntax tree. Elsewhere every use in the function is renamed where the name is not
used outside of it, which changes nothing as long as the new name is free there.
"""

import ast
import builtins
import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from termcoder import syntax
from termcoder.errors import RefactorError
from termcoder.refactoring import python_flow as flow
from termcoder.refactoring.python_scopes import Scope, Scopes
from termcoder.refactoring.selecting import Selection, definitions
from termcoder.refactoring.statements import Extent, extent_of, is_python, python_tree
from termcoder.refactoring.tokens import NAMES, Token, tokens_of

_NAME = r"[^\W\d][\w$]*|\$\w+"
_QUOTE = "[`'\"]?"
_ASKED = re.compile(
    r"(?:rename\s+)?(?:the\s+)?(?:(?:variable|function|method|class|parameter|argument|name)\s+)?"
    rf"{_QUOTE}(?P<old>{_NAME}){_QUOTE}\s*(?:->|→|=>|\s(?:to|into|as)\s)\s*{_QUOTE}(?P<new>{_NAME}){_QUOTE}\s*\.?",
    re.IGNORECASE,
)
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Renamed:
    """The whole file with a name changed, and what the user should know of it."""

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Plan:
    """The tokens to rename, those of the same name that are left as they are, and the lines that were looked at."""

    found: tuple[Token, ...]
    left: tuple[Token, ...]
    reach: Extent


def asked_names(instruction: str) -> tuple[str, str] | None:
    """The old and new name of an instruction such as `total -> sum`; None where it says something else."""
    found = _ASKED.fullmatch(instruction.strip())
    if found is None or found["old"] == found["new"]:
        return None
    return found["old"].removeprefix("$"), found["new"].removeprefix("$")


def renamed(selection: Selection, old: str, new: str) -> Renamed:
    """The file with `old` renamed in the selection.

    A name that belongs to a function is renamed in all of that function, for it would be half a rename otherwise; one
    of the module or of a class in the selection only, the other uses being told. Raises RefactorError.
    """
    tokens = tokens_of(selection.path, selection.text)
    if tokens is None:
        raise RefactorError(f"{selection.path!r} can't be parsed.", remedy="Mend it, or rename by hand.")
    _check_name(selection.path, new)
    plan = (_in_python if is_python(selection.path) else _elsewhere)(selection, tokens, old, new)
    text = _replaced(selection.text, plan.found, old, new)
    if is_python(selection.path) and _with_one_name(selection.text, old, new) != _with_one_name(text, old, new):
        raise RefactorError(f"{old!r} can't be renamed here by rule.", remedy="Rename it by hand.")
    if syntax.worse(selection.path, selection.text, text) is not None:
        raise RefactorError(f"With {new!r} for {old!r} the file doesn't parse.", remedy="Take another name.")
    return Renamed(text, tuple(_notes(selection, plan, text, old, new)))


def _check_name(path: str, new: str) -> None:
    if is_python(path) and (not new.isidentifier() or keyword.iskeyword(new)):
        raise RefactorError(f"{new!r} can't be a name in Python.", remedy="Take another name.")


def _check_free(tokens: Iterable[Token], new: str, reach: Extent, counts: Callable[[Token], bool]) -> None:
    for token in tokens:
        if token.text == new and _within(token, reach) and counts(token):
            raise RefactorError(f"{new!r} is used already, in line {token.line}.", remedy="Take a name that is free.")


def _within(token: Token, reach: Extent) -> bool:
    return reach.first <= token.line <= reach.last


def _missing(selection: Selection, old: str) -> RefactorError:
    return RefactorError(f"There is no name {old!r} in {selection.place}.", remedy="Letter case matters.")


def _whole(selection: Selection) -> Extent:
    return Extent(1, selection.text.count("\n") + 1)


# Python


def _in_python(selection: Selection, tokens: Sequence[Token], old: str, new: str) -> _Plan:
    tree = python_tree(selection.text)
    if tree is None:
        raise RefactorError(f"{selection.path!r} can't be parsed.", remedy="Mend it, or rename by hand.")
    scopes = Scopes(tree, selection.text)
    chosen = Extent(selection.first, selection.last)
    uses = [
        token
        for token in tokens
        if (_is_name(token, old) and not scopes.is_argument(token))
        or (_is_format(token) and _mentions(token.text, old))
    ]
    first = next((token for token in uses if _within(token, chosen)), None)
    owner = scopes.owner(first, old) if first is not None else None
    if first is None or isinstance(owner, ast.ClassDef):
        return _member(selection, tokens, scopes, old, new)
    reach = extent_of_scope(owner) if owner is not None else chosen
    counted = reach if owner is not None else _whole(selection)
    _check_free(tokens, new, counted, lambda token: _is_name(token, new) and not scopes.is_argument(token))
    plan = _plan([token for token in uses if scopes.owner(token, old) is owner], reach)
    if isinstance(owner, flow.FUNCTION) and old in flow.parameters_of(owner.args):
        arguments = (token for token in tokens if token.text == old and scopes.is_argument(token))
        return replace(plan, left=(*plan.left, *arguments))
    return plan


def _plan(same: Iterable[Token], reach: Extent) -> _Plan:
    same = list(same)
    found = tuple(token for token in same if _within(token, reach))
    return _Plan(found, tuple(token for token in same if token not in found), reach)


def extent_of_scope(scope: Scope) -> Extent:
    """A scope's lines."""
    return extent_of(scope) if isinstance(scope, ast.stmt) else Extent(scope.lineno, scope.end_lineno or scope.lineno)


def _is_name(token: Token, name: str) -> bool:
    return token.kind == "name" and token.text == name


def _member(selection: Selection, tokens: Sequence[Token], scopes: Scopes, old: str, new: str) -> _Plan:
    """A method or attribute: where it is named after a dot, and where its class makes it."""

    def is_member(token: Token) -> bool:
        return token.kind == "property" or (token.kind == "name" and isinstance(scopes.owner(token), ast.ClassDef))

    _check_free(tokens, new, _whole(selection), is_member)
    same = [token for token in tokens if token.text == old and is_member(token)]
    plan = _plan(same, Extent(selection.first, selection.last))
    if not plan.found:
        raise _missing(selection, old)
    return plan


def _with_one_name(text: str, old: str, new: str) -> str | None:
    """The tree of a text, as text, in which both names are one."""
    tree = python_tree(text)
    return re.sub(rf"(?<=')(?:{re.escape(old)})(?=')", new, ast.dump(tree)) if tree else None


def _is_format(token: Token) -> bool:
    return re.match(r"(?i)(?:f|fr|rf)['\"]", token.text) is not None


def _mentions(literal: str, name: str) -> bool:
    return literal != _in_braces(literal, name, f"{name}_")


def _in_braces(literal: str, old: str, new: str) -> str:
    """An f-string with a name replaced in its replacement fields."""
    word = re.compile(rf"(?<![\w.'\"]){re.escape(old)}(?![\w'\"])(?!\s*=[^=!}}])")
    made, depth = "", 0
    for piece in re.findall(r"\{\{|\}\}|[{}]|[^{}]+", literal):
        if depth and piece in ("{{", "}}"):  # two braces, each for itself
            depth += 2 if piece == "{{" else -2
        elif piece in ("{", "}"):
            depth += 1 if piece == "{" else -1
        made += word.sub(new, piece) if depth > 0 else piece
    return made


# Other languages


def _elsewhere(selection: Selection, tokens: Sequence[Token], old: str, new: str) -> _Plan:
    chosen = Extent(selection.first, selection.last)
    named = [token for token in tokens if token.text == old]
    kinds = {token.kind for token in named if _within(token, chosen)}
    if not kinds & NAMES:
        raise _missing(selection, old)
    wanted = ("name", "shorthand") if kinds & {"name", "shorthand"} else ("property",)
    same = [token for token in named if token.kind in wanted]
    around = _function_of(selection) if "name" in wanted else None
    is_local = around is not None and all(_within(token, around) for token in same)
    reach = around if around is not None and is_local else chosen
    _check_free(tokens, new, reach if is_local else _whole(selection), lambda token: token.kind in wanted)
    return _plan(same, reach)


def _function_of(selection: Selection) -> Extent | None:
    """The outermost definition around the selection."""
    around = [
        each
        for each in definitions(selection.path, selection.text)
        if each.first <= selection.first and selection.last <= each.last
    ]
    return Extent(around[0].first, around[0].last) if around else None


def _replaced(text: str, found: Iterable[Token], old: str, new: str) -> str:
    """The text with these tokens renamed."""
    lines = text.split("\n")
    for token in sorted(found, key=lambda each: (each.line, each.column), reverse=True):
        rows = token.text.count("\n") + 1
        block = "\n".join(lines[token.line - 1 : token.line - 1 + rows])
        end = token.column + len(token.text)
        word = _in_braces(token.text, old, new) if token.text != old else new
        word = f"{old}: {new}" if token.kind == "shorthand" else word
        lines[token.line - 1 : token.line - 1 + rows] = f"{block[: token.column]}{word}{block[end:]}".split("\n")
    return "\n".join(lines)


# What the user should know


def _notes(selection: Selection, plan: _Plan, text: str, old: str, new: str) -> Iterator[str]:
    reach = plan.reach
    if any(not selection.first <= token.line <= selection.last for token in plan.found):
        yield f"{old} belongs to lines {reach.first}-{reach.last}: it was renamed in all of them"
    used = sorted({token.line for token in plan.left})
    if used:
        yield f"{old} is still used in {_counted(used)}"
    word = re.compile(rf"(?<![\w$]){re.escape(old)}(?![\w$])")
    lines = text.split("\n")
    other = [at for at in range(reach.first, reach.last + 1) if word.search(lines[at - 1]) and at not in used]
    if other:
        yield f"the word {old} is left in {_counted(other)}, where it is another's name or a comment"
    if is_python(selection.path) and new in dir(builtins):
        yield f"{new} hides Python's own {new}"


def _counted(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:_SHOWN]))
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"line{'s' if len(lines) > 1 else ''} {shown}{more}"


def name_changes(path: str, before: str, after: str) -> dict[str, str] | str:
    """Which names an answer has changed, where nothing else differs; else why it is no rename, in a few words."""
    old, new = tokens_of(path, before), tokens_of(path, after)
    if old is None or new is None:
        return "would not compile"
    if len(old) != len(new):
        return "changed more than names"
    changes: dict[str, str] = {}
    for one, other in zip(old, new, strict=True):
        if one[0] == other[0] or (_is_format(one) and _is_format(other)):  # what is in these, the rule finds
            continue
        if one.kind not in NAMES or one.kind != other.kind:
            return "changed more than names"
        if one.kind == "property":
            return f"renamed {one.text}, which belongs to another object"
        if changes.setdefault(one.text, other.text) != other.text:
            return "renamed inconsistently"
    return changes or "changed nothing"


def local_names(selection: Selection) -> tuple[str, ...]:
    """The names that can be renamed without a word to anybody else: variables of the function that the lines are in."""
    tokens = tokens_of(selection.path, selection.text) or []
    chosen = Extent(selection.first, selection.last)
    named = [token for token in tokens if token.kind in ("name", "shorthand")]
    here = dict.fromkeys(token.text for token in named if token.kind == "name" and _within(token, chosen))
    tree = python_tree(selection.text) if is_python(selection.path) else None
    if tree is not None:
        return tuple(_python_locals(Scopes(tree, selection.text), [t for t in named if _within(t, chosen)]))
    around = _function_of(selection)
    known = {each.name.rpartition(".")[2] for each in definitions(selection.path, selection.text)}
    outside = {token.text for token in named if around is None or not _within(token, around)}
    return tuple(name for name in here if name not in outside | known)


def _python_locals(scopes: Scopes, tokens: Sequence[Token]) -> Iterator[str]:
    seen: set[str] = set()
    for token in tokens:
        if token.text in seen or scopes.is_argument(token):
            continue
        seen.add(token.text)
        owner = scopes.owner(token)
        if isinstance(owner, flow.FUNCTION) and token.text not in flow.parameters_of(owner.args):
            yield token.text
