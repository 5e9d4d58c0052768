"""Which names some statements of a Python function read, make and take away, nested scopes seen through."""

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSION = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Use(NamedTuple):
    """A name in its function's own scope. `made`: it is bound here, else read; `deep`: read by a nested function."""

    name: str
    line: int
    made: bool
    deep: bool = False


def uses(nodes: Iterable[ast.AST]) -> list[Use]:
    """The uses of names by some nodes, each as their function sees it, a statement's values before its targets."""
    return [use for node in nodes for use in _uses(node)]


def _uses(node: ast.AST) -> Iterator[Use]:
    if isinstance(node, (*FUNCTION, ast.Lambda)):
        yield from _of_function(node)
    elif isinstance(node, ast.ClassDef):
        yield from uses([*node.decorator_list, *node.bases, *node.keywords])
        yield from (use._replace(deep=True) for use in uses(node.body) if not use.made)
        yield Use(node.name, node.lineno, made=True)
    elif isinstance(node, _COMPREHENSION):
        yield from _of_comprehension(node)
    elif isinstance(node, ast.Name):
        yield Use(node.id, node.lineno, made=not isinstance(node.ctx, ast.Load))
    else:
        yield from _of_other(node)


def _of_other(node: ast.AST) -> Iterator[Use]:
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield Use(node.target.id, node.lineno, made=False)
    yield from uses(_in_order(node))
    for name in _bound_by(node):
        yield Use(name, getattr(node, "lineno", 0), made=True)


def _in_order(node: ast.AST) -> list[ast.AST]:
    """A node's children as they are evaluated: values before targets, for what matters here."""
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        return [*filter(None, [node.value]), *(child for child in children if child is not node.value)]
    if isinstance(node, ast.For | ast.AsyncFor):
        return [node.iter, node.target, *node.body, *node.orelse]
    return children


def _bound_by(node: ast.AST) -> Iterator[str]:
    """Names that a node binds without an `ast.Name`."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def _of_function(node: Function | ast.Lambda) -> Iterator[Use]:
    body = node.body if isinstance(node.body, list) else [node.body]
    inner = uses(body)
    own = {use.name for use in inner if use.made} | parameters_of(node.args)
    own -= {name for each in body for name in declared(each)}
    yield from uses([*getattr(node, "decorator_list", ()), *node.args.defaults, *filter(None, node.args.kw_defaults)])
    yield from (use._replace(deep=True, made=False) for use in inner if use.name not in own)
    if not isinstance(node, ast.Lambda):
        yield Use(node.name, node.lineno, made=True)


def _of_comprehension(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Iterator[Use]:
    """What a comprehension reads; its own variables stay in it, what `:=` makes doesn't."""
    targets = {use.name for each in node.generators for use in uses([each.target])}
    values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    parts = [part for each in node.generators for part in (each.iter, *each.ifs)]
    yield from (use for use in uses([*parts, *values]) if use.name not in targets)


def parameters_of(args: ast.arguments) -> set[str]:
    """The names of a function's parameters."""
    several = [each for each in (args.vararg, args.kwarg) if each]
    return {arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, *several)}


def declared(node: ast.AST) -> set[str]:
    """The names that are declared global or nonlocal in a node, and not in a nested function."""
    return {name for each in own_nodes([node]) if isinstance(each, ast.Global | ast.Nonlocal) for name in each.names}


def own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes and all below them, but for the insides of nested functions and classes."""
    for node in nodes:
        yield node
        if not isinstance(node, (*FUNCTION, ast.Lambda, ast.ClassDef)):
            yield from own_nodes(ast.iter_child_nodes(node))


def surely_made(suite: Sequence[ast.stmt]) -> set[str]:
    """The names that are bound whenever a suite was run to its end."""
    made: set[str] = set()
    for statement in suite:
        made |= _surely(statement)
    return made


def _surely(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.If):
        return surely_made(statement.body) & surely_made(statement.orelse) if statement.orelse else set()
    if isinstance(statement, ast.With | ast.AsyncWith):
        items = {use.name for use in uses(statement.items) if use.made}
        return items  # its body may be left early where an exception is swallowed
    if isinstance(statement, ast.For | ast.AsyncFor | ast.While | ast.Try | ast.Match):
        return set()
    return {use.name for use in uses([statement]) if use.made}


def read_first(suite: Sequence[ast.stmt]) -> set[str]:
    """The names that a suite may read before it has surely made them itself."""
    made: set[str] = set()
    found: set[str] = set()
    for statement in suite:
        in_order = uses([statement])
        here = {use.name for use in in_order if not use.made} - made
        if isinstance(statement, ast.For | ast.AsyncFor):
            here -= _only_below(statement, in_order)
        found |= here
        made |= _surely(statement)
    return found


def _only_below(loop: ast.For | ast.AsyncFor, in_order: Sequence[Use]) -> set[str]:
    """A loop's own variables, which its head makes before its body reads them."""
    targets = {use.name for use in uses([loop.target]) if use.made}
    return targets - {use.name for use in uses([loop.iter, *loop.orelse]) if not use.made}
