"""Rules for Python: what somebody from outside could make use of. Tests and examples are not asked."""

import ast
import re
from collections.abc import Iterator

from termcoder.review.checks_base import Alarm, Edit
from termcoder.review.checks_python_tree import Code, argument, dotted, parameters, text_in, within
from termcoder.review.finding import Category, Severity

Pieces = list[str | ast.expr]
"""A text that is put together: what is written out, and what is put in."""


def _risk(line: int, severity: Severity, confidence: float, title: str, scenario: str) -> Alarm:
    return Alarm(line, severity, Category.SECURITY, confidence, title, scenario)


# Texts that are put together


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
            yield _risk(
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
            yield _risk(
                line,
                Severity.MAJOR,
                0.85,
                f"`{name}` is written into a shell command",
                f"When {name} holds `;`, `$(` or a blank, the shell runs something else. Give a list of arguments.",
            )


# What is read from outside


_READS_CODE = re.compile(
    r"(?:pickle|cPickle|dill|marshal|jsonpickle)\.(?:loads?|decode)|eval|exec|os\.system|os\.popen"
)
_FROM_REQUEST = re.compile(
    r"\b(?:self\.)?(?:request|req)\.(?:args|form|json|data|body|GET|POST|values|cookies|headers|query_params|files"
    r"|get_json|get_data|params|query|stream|read)\b"
)


def code_from_request(code: Code) -> Iterator[Alarm]:
    """What a request brings, run as code or unpickled."""
    for call in code.marked_nodes(ast.Call):
        called = code.called(call)
        if _READS_CODE.fullmatch(called) and call.args and _FROM_REQUEST.search(code.source(call.args[0])):
            yield _risk(
                call.lineno,
                Severity.CRITICAL,
                0.95,
                f"`{called}` of what the request brings",
                f"When somebody sends a made-up `{code.shortly(call.args[0])}`, it runs any code on this machine.",
            )


def eval_of_value(code: Code) -> Iterator[Alarm]:
    """`eval` of something that isn't written out."""
    own = {function.name for function in code.functions}
    for call in code.marked_nodes(ast.Call):
        name = dotted(call.func)
        if name != "eval" or name in own or name in code.imported or len(call.args) != 1 or call.keywords:
            continue
        value = call.args[0]
        is_code = isinstance(value, ast.Call) and dotted(value.func) == "compile"
        if not is_code and _comes_from_outside(code, value) and not _FROM_REQUEST.search(code.source(value)):
            yield _risk(
                call.lineno,
                Severity.MAJOR,
                0.8,
                f"`eval` of `{code.shortly(value)}` runs whatever it says",
                "When that comes from outside, it runs any code. `ast.literal_eval` reads plain values only.",
            )


_OUTSIDE = re.compile(r"\binput\(|\bsys\.argv|\bos\.(?:environ|getenv)|\.(?:read|recv|readline)\(|\bargs\.")


def _comes_from_outside(code: Code, value: ast.expr) -> bool:
    """Whether a value is an argument of a function that others call, or read from somewhere."""
    function = code.function(value)
    is_argument = function is not None and not function.name.startswith("_")
    names = {each.arg for each in parameters(function)} if function and is_argument else set()
    return dotted(value) in names or _OUTSIDE.search(code.source(value)) is not None


def unsafe_yaml(code: Code) -> Iterator[Alarm]:
    """`yaml.load` without a loader."""
    for call in code.marked_nodes(ast.Call):
        if code.called(call) != "yaml.load" or "yaml" not in code.imported or len(call.args) != 1 or call.keywords:
            continue
        found = code.replaced(call.func, "yaml.safe_load") if dotted(call.func) == "yaml.load" else None
        yield Alarm(
            call.lineno,
            Severity.MAJOR,
            Category.SECURITY,
            0.95,
            "`yaml.load` without a loader",
            "When PyYAML is older than 6, a file may make any object and run code; when it is newer, this raises "
            "TypeError.",
            Edit(*found) if found else None,
        )


_SENDERS = re.compile(r"get|post|put|patch|delete|head|request|Session|Client|AsyncClient|stream|urlopen")


def certificates_ignored(code: Code) -> Iterator[Alarm]:
    """`verify=False`: any server is believed."""
    for call in code.marked_nodes(ast.Call):
        verify = argument(call, "verify")
        name = dotted(call.func).rpartition(".")[2] or getattr(call.func, "attr", "")
        if isinstance(verify, ast.Constant) and verify.value is False and _SENDERS.fullmatch(name):
            line = verify.lineno if verify.lineno in code.marked else call.lineno
            yield _risk(
                line,
                Severity.MAJOR,
                0.85,
                f"`{name}` doesn't check the server's certificate",
                "When somebody stands between, they read and change all that is sent.",
            )


_PASSWORD = re.compile(r"(?:\b|_)(?:password|passwd|passphrase)(?:\b|_)", re.IGNORECASE)


def weak_password_hash(code: Code) -> Iterator[Alarm]:
    """A password hashed by a fast digest."""
    for call in code.marked_nodes(ast.Call):
        called = code.called(call)
        if called in ("hashlib.md5", "hashlib.sha1", "hashlib.sha256", "hashlib.sha512") and call.args:
            if not _PASSWORD.search(code.source(call.args[0])):
                continue
            yield _risk(
                call.lineno,
                Severity.MAJOR,
                0.85,
                f"A password is hashed with {called.rpartition('.')[2]}, which is fast",
                "When the hashes get out, most passwords are found by trying. scrypt or bcrypt are slow on purpose.",
            )


_RANDOM = re.compile(r"random\.(?:choice|choices|randint|random|sample|randrange|getrandbits|randbytes)")
_SECRET_NAME = re.compile(r"(?:.*_)?(?:password|passwd|token|secret|api_?key|otp|nonce|salt|session_?id)(?:_.*)?", re.I)
_NO_SECRET = re.compile(r".*(?:tokens|token_ids?|token_count|num_|_len|length|count|size|index|idx).*", re.I)


def guessable_secret(code: Code) -> Iterator[Alarm]:
    """A token or password made by `random`."""
    for node in code.marked_nodes(ast.Assign):
        name = dotted(node.targets[0]).rpartition(".")[2]
        if not _SECRET_NAME.fullmatch(name) or _NO_SECRET.fullmatch(name):
            continue
        if any(_RANDOM.fullmatch(code.called(part)) for part in ast.walk(node.value)):
            yield _risk(
                node.lineno,
                Severity.MAJOR,
                0.85,
                f"`{name}` is made by `random`, which can be foretold",
                "When somebody has seen a few values, the next one is known. The module `secrets` is made for this.",
            )


_LOGS = re.compile(
    r"(?:print|(?:.*\.)?(?:log|logger|logging|_log|_logger|LOG)\.(?:debug|info|warning|warn|error|exception|critical|log))"
)
_SECRET_VALUE = re.compile(
    r"(?:.*_)?(?:password|passwd|passphrase|client_secret|secret_key|api_?key|private_key|access_token|auth_token)",
    re.I,
)


def secret_in_log(code: Code) -> Iterator[Alarm]:
    """A password or key printed or logged."""
    for call in code.marked_nodes(ast.Call):
        if not _LOGS.fullmatch(dotted(call.func)):
            continue
        for value in _logged(call):
            name = dotted(value)
            if _SECRET_VALUE.fullmatch(name.rpartition(".")[2]) and not name.rpartition(".")[2].isupper():
                yield _risk(
                    call.lineno,
                    Severity.MAJOR,
                    0.85,
                    f"`{name}` is written to the log",
                    f"When this line runs, everybody who may read the log has {name}.",
                )


def _logged(call: ast.Call) -> Iterator[ast.expr]:
    """The values that become part of the message as they are."""
    for value in call.args:
        if isinstance(value, ast.JoinedStr):
            yield from (part.value for part in value.values if isinstance(part, ast.FormattedValue))
        elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mod):
            yield from value.right.elts if isinstance(value.right, ast.Tuple) else [value.right]
        elif isinstance(value, ast.BinOp):
            yield from (value.left, value.right)
        else:
            yield value


def name_for_anybody(code: Code) -> Iterator[Alarm]:
    """`tempfile.mktemp`: the name is free only until somebody else takes it."""
    for call in code.marked_nodes(ast.Call):
        if code.called(call) == "tempfile.mktemp":
            yield _risk(
                call.lineno,
                Severity.MINOR,
                0.9,
                "`tempfile.mktemp` gives a name that anybody may take first",
                "When another user makes a file or link of this name in between, the program writes there.",
            )


RULES = (
    sql_from_values,
    shell_from_values,
    code_from_request,
    eval_of_value,
    unsafe_yaml,
    certificates_ignored,
    weak_password_hash,
    guessable_secret,
    secret_in_log,
    name_for_anybody,
)
"""What is asked of every Python file that is no test."""
