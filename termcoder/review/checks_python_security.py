"""Rules for Python: what somebody from outside could make use of. Tests and examples are not asked."""

import ast
import re
from collections.abc import Iterator

from termcoder.review.checks_base import Alarm, Edit, risk
from termcoder.review.checks_python_tree import Code, argument, dotted, parameters
from termcoder.review.finding import Category, Severity

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
            yield risk(
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
            yield risk(
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
            yield risk(
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
            yield risk(
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
            yield risk(
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
                yield risk(
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
            yield risk(
                call.lineno,
                Severity.MINOR,
                0.9,
                "`tempfile.mktemp` gives a name that anybody may take first",
                "When another user makes a file or link of this name in between, the program writes there.",
            )


RULES = (
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
