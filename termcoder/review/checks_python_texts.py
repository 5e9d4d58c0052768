"""Rules for Python: queries and commands with values written into their text. Tests and examples are not asked."""

import ast
import re
from collections.abc import Iterator

from termcoder.review.checks_base import Alarm, risk
from termcoder.review.checks_python_tree import Code, argument, dotted, parameters, text_in, within
from termcoder.review.finding import Severity

Pieces = list[str | ast.expr]
"""A text that is put together: what is written out, and what is put in."""


def _pieces(code: Code, node: ast.expr) -> Pieces | None:
    """The pieces of a text that an f-string, `+`, `%` or `format` makes; None for anything else."""
    if isinstance(node, ast.JoinedStr):
        return [text_in(part) or (part.value if isinstance(part, ast.FormattedValue) else "") for part in node.values]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _sum(code, node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and text_in(node.left) is not None:
        values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        return _filled(re.split(r"%(?:\([^)]*\))?[-#0 +]*[\d.]*[a-zA-Z]", text_in(node.left) or ""), values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        template = text_in(node.func.value)
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        return _filled(re.split(r"\{[^{}]*\}", template), values) if template is not None else None
    return None


def _sum(code: Code, node: ast.BinOp) -> Pieces | None:
    parts: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
        parts.insert(0, left.right)
        left = left.left
    found: Pieces = []
    for part in [left, *parts]:
        text = text_in(part)
        inner = _pieces(code, part) if isinstance(part, ast.JoinedStr) else None
        found += inner if inner is not None else [part if text is None else text]
    return found if any(isinstance(piece, str) for piece in found) else None


def _filled(texts: list[str], values: list[ast.expr]) -> Pieces:
    found: Pieces = [texts[0]]
    for text, value in zip(texts[1:], values, strict=False):
        found += [value, text]
    return found


def _built(code: Code, node: ast.expr) -> tuple[ast.expr, Pieces] | None:
    """The text that is put together here, or where the local name that stands here is set."""
    if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] in ("text", "dedent", "SQL") and node.args:
        node = node.args[0]
    if isinstance(node, ast.Name):
        node = _only_value(code, node) or node
    found = _pieces(code, node)
    return (node, found) if found else None


def _only_value(code: Code, name: ast.Name) -> ast.expr | None:
    """What a local name is set to, where that is done in one place."""
    scope = code.function(name) or code.tree
    values = [
        node.value
        for node in within(scope)
        if isinstance(node, ast.Assign)
        and any(isinstance(each, ast.Name) and each.id == name.id for each in node.targets)
    ]
    grown = any(isinstance(node, ast.AugAssign) and dotted(node.target) == name.id for node in within(scope))
    return values[0] if len(values) == 1 and not grown else None


_HARMLESS = re.compile(r"placeholder|mark|quote|escape|param|sanit|validat|['\"][?%]s?['\"]", re.IGNORECASE)


def _is_harmless(code: Code, node: ast.expr) -> bool:
    """Whether a value can't do harm in another text: a number, a constant, or something that is quoted."""
    source = code.source(node)
    if isinstance(node, ast.Constant) or _HARMLESS.search(source):
        return True
    if isinstance(node, ast.Call):
        return dotted(node.func) in ("int", "float", "len", "round", "id", "time.time", "os.getpid")
    name = dotted(node)
    if name.rpartition(".")[2].isupper():
        return True
    return isinstance(node, ast.Name) and _is_harmless_name(code, node)


def _is_harmless_name(code: Code, node: ast.Name) -> bool:
    function = code.function(node)
    annotated = {each.arg: each.annotation for each in parameters(function)} if function else {}
    if dotted(annotated.get(node.id)) in ("int", "float", "bool"):
        return True
    value = _only_value(code, node)
    return value is not None and not isinstance(value, ast.Name) and _is_harmless(code, value)


def _marked_line(code: Code, *nodes: ast.expr) -> int | None:
    """The first line of the nodes that is marked."""
    lines = (line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return next((line for line in lines if line in code.marked), None)


# Queries and commands


_SQL = re.compile(
    r"\s*(?:SELECT\b.+\bFROM|INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE\b.+\bSET|DELETE\s+FROM|REPLACE\s+INTO|WITH\b.+\bSELECT)\b",
    re.IGNORECASE | re.DOTALL,
)
_BEFORE_VALUE = re.compile(
    r"(?:[=<>]|\b(?:I?LIKE|BETWEEN)|\bIN\s*\(|\bVALUES\s*\([^)]*)\s*['\"]?%?$|'%?$", re.IGNORECASE
)
_RUNS_SQL = ("execute", "executemany", "executescript", "raw", "read_sql", "read_sql_query", "fetch", "fetchrow")


def sql_from_values(code: Code) -> Iterator[Alarm]:
    """A query with values written into its text."""
    for call in code.calls:
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in _RUNS_SQL or not call.args:
            continue
        built = _built(code, call.args[0])
        value = _value_in_sql(code, built[1]) if built else None
        line = _marked_line(code, built[0], call) if built else None
        if value is not None and line is not None:
            name = code.shortly(value)
            yield risk(
                line,
                Severity.CRITICAL,
                0.9,
                f"`{name}` is written into the SQL text",
                f"When {name} holds a quote and more SQL, the database runs that too. Pass it as a parameter.",
            )


def _value_in_sql(code: Code, pieces: Pieces) -> ast.expr | None:
    """The first piece that stands where a query has a value."""
    if not _SQL.match("".join(piece if isinstance(piece, str) else "x" for piece in pieces)):
        return None
    before = ""
    for piece in pieces:
        if isinstance(piece, str):
            before += piece
        elif _BEFORE_VALUE.search(before) and not _is_harmless(code, piece):
            return piece
        else:
            before += "x"
    return None


_SHELLS = ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput")
_RUNNERS = re.compile(r"subprocess\.(?:run|call|check_call|check_output|Popen)|asyncio\.create_subprocess_shell")


def shell_from_values(code: Code) -> Iterator[Alarm]:
    """A shell command with values written into its text."""
    for call in code.calls:
        called = code.called(call)
        shell = argument(call, "shell")
        with_shell = isinstance(shell, ast.Constant) and shell.value is True and _RUNNERS.fullmatch(called)
        command = call.args[0] if call.args else argument(call, "args")
        if command is None or not (with_shell or called in _SHELLS or called == "asyncio.create_subprocess_shell"):
            continue
        built = _built(code, command)
        unquoted = [piece for piece in built[1] if isinstance(piece, ast.expr)] if built else []
        value = next((piece for piece in unquoted if not _is_harmless(code, piece)), None)
        line = _marked_line(code, built[0], call) if built else None
        if value is not None and line is not None:
            name = code.shortly(value)
            yield risk(
                line,
                Severity.MAJOR,
                0.85,
                f"`{name}` is written into a shell command",
                f"When {name} holds `;`, `$(` or a blank, the shell runs something else. Give a list of arguments.",
            )


RULES = (
    sql_from_values,
    shell_from_values,
)
"""What is asked of every Python file that is no test."""
