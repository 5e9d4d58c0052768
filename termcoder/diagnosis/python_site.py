"""The failing statement of a Python file, and texts made out of its nodes.

Each place that is changed is read again before: what doesn't parse to the very node that is meant stays as it is.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from termcoder.diagnosis.rewriting import Rewrite
from termcoder.tracebacks import LoggedError


@dataclass(frozen=True)
class Site:
    """The statement at the failing line: its node, the file's lines, and what the error says."""

    error: LoggedError
    lines: Sequence[str]
    statement: ast.stmt
    tree: ast.Module
    line: int

    @property
    def is_innermost(self) -> bool:
        """Whether the error was raised on this very line, and not in what that calls."""
        return not self.error.frames or self.error.frames[-1].line == self.line

    @property
    def first(self) -> int:
        """The statement's first line."""
        return self.statement.lineno

    @property
    def last(self) -> int:
        """The statement's last line."""
        return self.statement.end_lineno or self.statement.lineno

    @property
    def indent(self) -> str:
        """What stands before the statement."""
        line = self.lines[self.first - 1]
        return line[: len(line) - len(line.lstrip())]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node that each of the statement's nodes is a part of."""
        return {child: node for node in ast.walk(self.statement) for child in ast.iter_child_nodes(node)}

    @cached_property
    def own(self) -> list[ast.AST]:
        """The statement's nodes, without those of statements inside of it and without annotations."""
        found: list[ast.AST] = []
        waiting: list[ast.AST] = [self.statement]
        while waiting:
            node = waiting.pop()
            found.append(node)
            for name, value in ast.iter_fields(node):
                inner = value if isinstance(value, list) else [value]
                if name not in ("annotation", "returns"):
                    waiting += [one for one in inner if isinstance(one, ast.AST) and not isinstance(one, ast.stmt)]
        return found

    def subscripts(self) -> list[ast.Subscript]:
        """Those that begin on the failing line, else those of the whole statement; none with slices."""
        found = [node for node in self.own if isinstance(node, ast.Subscript) and not _is_sliced(node)]
        return [node for node in found if node.lineno == self.line] or found

    def source(self, node: ast.expr) -> str:
        """A node's own text."""
        return self.segment(node) or ast.unparse(node)

    def segment(self, node: ast.expr | ast.stmt) -> str:
        """What stands where the node is, "" where that is something else than the node."""
        first, last = node.lineno, node.end_lineno or node.lineno
        lines = [line.encode() for line in self.lines[first - 1 : last]]
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        text = b"\n".join(lines).decode(errors="replace")
        try:
            read = ast.parse(f"({text})", mode="eval").body if isinstance(node, ast.expr) else ast.parse(text).body[0]
        except (SyntaxError, ValueError, IndexError):
            return ""
        return text if ast.dump(read) == ast.dump(node) else ""


def site_of(text: str, line: int, error: LoggedError) -> Site | None:
    """The statement at a line; None where it can't be told which one, or the text isn't Python."""
    plain = text.replace("\r\n", "\n")
    if "\r" in plain:
        return None  # Python ends lines there too, nobody else does
    try:
        tree = ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    inside = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    least = min((_height(node) for node in inside), default=0)
    innermost = [node for node in inside if _height(node) == least]
    if len(innermost) != 1:
        return None  # several statements on one line: which of them failed?
    return Site(error, plain.split("\n"), innermost[0], tree, line)


def _height(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno


def _is_sliced(node: ast.Subscript) -> bool:
    return any(isinstance(part, (ast.Slice, ast.Starred)) for part in ast.walk(node.slice))


_SIMPLE = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.List, ast.Dict, ast.Tuple)
_QUICK_CALLS = ("len", "sum", "min", "max", "abs", "int", "float", "str", "round")


def operand(site: Site, node: ast.expr) -> str:
    """A node's text that something may follow: `(a or b)` in brackets."""
    text = site.source(node)
    number = isinstance(node, ast.Constant) and not isinstance(node.value, str)
    return text if isinstance(node, _SIMPLE) and not number and "\n" not in text else f"({text})"


def bracketed(text: str, node: ast.expr) -> str:
    """A node's text as a part of an operation."""
    return text if isinstance(node, _SIMPLE) or text.startswith("(") else f"({text})"


def is_pure(node: ast.expr) -> bool:
    """Whether reading it twice does no harm: no call but of what counts and converts."""
    called = (node.func for node in ast.walk(node) if isinstance(node, ast.Call))
    if not all(isinstance(function, ast.Name) and function.id in _QUICK_CALLS for function in called):
        return False
    allowed = (ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.UnaryOp, ast.BinOp, ast.Call, ast.Tuple)
    return all(isinstance(part, allowed) for part in ast.walk(node) if isinstance(part, ast.expr))


def replaced(site: Site, node: ast.expr | ast.stmt, new: str, title: str, when: str) -> Iterator[Rewrite]:
    """The node's lines with its text replaced, where that is its text. Columns of `ast` count UTF-8 bytes."""
    if not site.segment(node):
        return
    first, last = node.lineno, node.end_lineno or node.lineno
    start = site.lines[first - 1].encode()[: node.col_offset].decode()
    rest = site.lines[last - 1].encode()[node.end_col_offset :].decode()
    yield Rewrite(
        " ".join(title.split()), " ".join(when.split()), first, last, tuple(f"{start}{new}{rest}".split("\n"))
    )


def guarded(
    site: Site, nodes: Sequence[ast.AST], read: Sequence[ast.expr], condition: str, when: str
) -> Iterator[Rewrite]:
    """The statement under `if condition:`, where it can be left out and the condition read before it."""
    names = _assigned(site.statement)
    movable = _stands_alone(site) and names is not None and all(map(is_pure, read))
    if not movable or "\n" in condition or any(_is_conditional(site, node) for node in nodes):
        return
    step = "\t" if site.indent.startswith("\t") else "    "
    body = [step + line if line.strip() else line for line in site.lines[site.first - 1 : site.last]]
    if any(isinstance(_outer_target(site, node), ast.expr) for node in nodes):
        names = []  # what fails is a part of the target
    otherwise = [f"{site.indent}else:", *(f"{site.indent}{step}{name} = None" for name in names or ())]
    new = (f"{site.indent}if {condition}:", *body, *(otherwise if names else ()))
    yield Rewrite(f"Check `if {condition}`", when, site.first, site.last, new)


def _stands_alone(site: Site) -> bool:
    """Whether the statement has its lines for itself, and may be indented: no text inside of it goes over lines."""
    statement = site.statement
    before = site.lines[site.first - 1].encode()[: statement.col_offset].strip()
    after = site.lines[site.last - 1].encode()[statement.end_col_offset :].strip()
    texts = [node for node in ast.walk(statement) if isinstance(node, (ast.Constant, ast.JoinedStr))]
    one_line = all(node.lineno == node.end_lineno for node in texts)
    return not before and one_line and (not after or after.startswith(b"#"))


_CONDITIONAL = (
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda),
    *(ast.BoolOp, ast.IfExp, ast.NamedExpr),
)


def _is_conditional(site: Site, node: ast.AST) -> bool:
    """Whether a node is not always read, or reads what is set within the statement."""
    if any(isinstance(part, ast.NamedExpr) for part in ast.walk(site.statement)):
        return True
    outer = site.parents.get(node)
    while outer and not isinstance(outer, _CONDITIONAL):
        outer = site.parents.get(outer)
    return outer is not None


def _outer_target(site: Site, node: ast.AST) -> ast.AST | None:
    """The target of the statement that a node is in, if it is in one."""
    targets = getattr(site.statement, "targets", [getattr(site.statement, "target", None)])
    return next((target for target in targets if target and node in ast.walk(target)), None)


def _assigned(statement: ast.stmt) -> list[str] | None:
    """The names that must have a value after the statement; None where the statement can't be left out."""
    if isinstance(statement, (ast.Expr, ast.Return, ast.AugAssign)):
        return []
    if isinstance(statement, ast.AnnAssign):
        return _named(statement.target)
    if not isinstance(statement, ast.Assign):
        return None
    names = [_named(target) for target in statement.targets]
    return None if None in names else [name for some in names for name in some or ()]


def _named(target: ast.expr) -> list[str] | None:
    if isinstance(target, (ast.Name, ast.Attribute)):
        return [ast.unparse(target)] if is_pure(target) else None
    if isinstance(target, (ast.Tuple, ast.List)):
        names = [_named(part) for part in target.elts]
        return None if None in names else [name for some in names for name in some or ()]
    return [] if isinstance(target, ast.Subscript) else None
