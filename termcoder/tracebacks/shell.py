"""Reads the errors of shells (bash, dash, zsh, busybox), with the place that `set -x` or an ERR trap shows."""

import re
from collections.abc import Iterable, Sequence

from termcoder.tracebacks.parser import Parser
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

_STEP = re.compile(r"(?:#\d+ (?:\d+\.\d+ )?|\d+\.\d{1,4} )")  # what BuildKit puts before the output of a step
_LOCATED = re.compile(
    r"(?:^|[\s:])(?P<script>(?:[A-Za-z]:[\\/])?[^\s:'\"`()\[\]{}=]+): (?:(?P<eval>eval: )?(?P<word>line )?"
    r"(?P<line>\d+)): (?P<text>\S.*)"
)
_ZSH = re.compile(
    r"(?:^|\s)(?P<script>\(eval\)"
    r"|[^\s:'\"`()\[\]{}=]+):(?:[^\s:\d]{1,20}:)?(?P<line>\d+): (?P<text>[a-z].*)"
)
_SHELL = re.compile(
    r"(?:^|\s)(?P<shell>-?(?:/(?:usr/)?bin/)?(?:bash|sh|dash|zsh|ksh|ash|fish)): (?:\d+: )?(?P<text>\S.*)"
)
_ENV = re.compile(
    r"(?:^|\s)(?:/usr/bin/)?env: [‘'`](?P<name>.+?)[’']: (?P<type>No such file or directory|Permission denied)"
)
_PLAIN = re.compile(
    r"(?:^|[\s$] ?)(?P<tool>cat|cp|mv|rm|ls|mkdir|rmdir|ln|chmod|chown|touch|head|tail|find|grep|sed|awk|sort|wc"
    r"|stat|tar|cd"
    r"|install|source|diff|du|dd|tee|xargs|exec|nohup|sudo|time|timeout|nice|which): (?P<text>.+)"
)
_TRACED = re.compile(r"(?P<depth>\++) ?(?P<rest>.*)")
_TRACE_PLACE = re.compile(
    r"[(\[]?(?P<file>[^\s:()\[\]]+\.?\w*):(?:L"
    r"|line )?(?P<line>\d+)[)\]]?(?:[:\s]\s*(?P<function>[\w.:-]+)\(?\)?:)?[:>]?\s+(?P<code>.*)"
)
_TRAP = re.compile(
    r"(?i:(?:\berror|\berr|\bfail(?:ed|ure)?|\bexit(?:ed)?))\b.*?(?:\b(?:in|at|of) (?:script "
    r"|file )?(?P<file>[^\s:,()]+\.\w{1,5}|\./\S+?)?)?"
    r"[ :,(]*(?:\b(?:on|at|near|in) )?[Ll]ine:? ?#?(?P<line>\d+)"
)
_TRAP_WORDS = ("exit", "status", "command", "Command", "trap", "code")
_NOT_FOUND = re.compile(r"(?:(?P<name>.*?): )?(?P<type>(?:command )?not found)(?:: (?P<after>.*))?$")
_SYNTAX = re.compile(r"(?P<type>(?:[Ss]yntax|parse) error)(?P<how>:? .*|$)")
_UNEXPECTED = re.compile(r"(?P<type>unexpected EOF|unexpected end of file) (?P<how>.*)")
_WORDS = """
    No such file or directory; Permission denied; Is a directory; Not a directory; File exists;
    Directory not empty; Text file busy; Argument list too long; Exec format error; Broken pipe;
    No space left on device; Read-only file system; Operation not permitted; Too many open files;
    Cannot allocate memory; Invalid argument; Device or resource busy; Input/output error;
    Bad file descriptor; unbound variable; parameter not set; parameter null or not set; readonly variable;
    ambiguous redirect; bad substitution; Bad substitution; integer expression expected; Illegal number;
    numeric argument required; too many arguments; not a valid identifier; bad array subscript;
    invalid option; bad interpreter; cannot execute binary file; cannot execute: required file not found;
    unary operator expected; bad variable name; binary operator expected; command substitution: line;
    missing `]'; is read only; arithmetic syntax error; division by 0; division by zero;
    cannot overwrite existing file; unexpected operator; bad math expression; no such file or directory;
    permission denied; no matches found; invalid arithmetic operator; bad pattern;
    maximum function nesting level exceeded; maximum nested function level reached; File name too long;
    read-only variable; can't open; Unknown command; cannot open; Can't open; event not found;
    can only `return' from a function or sourced script; not an identifier; syntax error; not a directory;
    can't cd to; unmatched "; unmatched '
"""
_PHRASES = tuple(word.strip() for word in _WORDS.split(";"))
_ENDINGS = (
    *("not found", "directory", "denied", "variable", "not set", "exists", "empty", "busy", "too long", "on device"),
    *("system", "permitted", "files", "memory", "argument", "error", "redirect", "substitution", "option", "zero"),
)
_NAMED_LAST = ("command not found: ", "no such file or directory: ", "permission denied: ", "no matches found: ")
_SCRIPT = re.compile(r"\.(?:sh|bash|zsh|ksh|dash|ash|command|bats|env|profile|rc|in|run|tmp)$|/|_profile$|rc$")
_OTHERS = re.compile(
    r"\.(?:py|rb|js|ts|go|rs|c|cc|cpp|h|hpp|java|kt|php|cs|pl|lua|conf|ya?ml|json|toml|xml|html|tf|o)$"
)
_SHELL_NAMES = frozenset({"bash", "sh", "dash", "zsh", "ksh", "ash", "fish", "environment", "_", "(eval)", "eval"})
_NO_SCRIPTS = frozenset({"error", "warning", "fatal", "note", "info", "debug"})
_REACH = 40  # lines before an error in which its trace is sought


def parse(lines: Sequence[str]) -> Iterable[Failure]:
    """The errors of shells, and of the commands that scripts are made of."""
    seen: set[tuple[str, str, int | None]] = set()
    index = 0
    while index < len(lines):
        failure = _read(lines, index)
        if failure is not None:
            error = failure.errors[0]
            key = (error.type, error.message, error.frames[0].line if error.frames else None)
            stepped = _STEP.match(lines[index])
            if not (stepped and key in seen):  # BuildKit shows the output of the failed step twice
                yield failure
            if stepped:
                seen.add(key)
            index = failure.last
        index += 1


def _read(lines: Sequence[str], index: int) -> Failure | None:
    line = lines[index]
    if not _may_be_error(line):
        return _trap(lines, index)
    step = _STEP.match(line)
    text = line[step.end() :] if step else line
    text = text[:1000]
    return _located(lines, index, text) or _unlocated(lines, index, text) or _trap(lines, index)


def _may_be_error(line: str) -> bool:
    """A cheap test that all errors of shells pass, and few other lines."""
    if "sh:" in line or ": line " in line or line.rstrip().endswith(_ENDINGS):
        return line.lstrip()[:1] != "+"
    return any(text in line for text in _NAMED_LAST)


def _located(lines: Sequence[str], index: int, text: str) -> Failure | None:
    """Bash's `deploy.sh: line 12: foo: command not found`, dash's `deploy.sh: 12: …`, zsh's `deploy.zsh:12: …`."""
    match = _LOCATED.search(text)
    name = "zsh" if match is None else "bash" if match["word"] else "sh"
    match = match or _ZSH.search(text)
    if match is None or not _may_be_script(match["script"], name, text.lstrip().startswith(match["script"])):
        return None
    error = _error(match["text"].removeprefix(f"{match['script']}: "), index)  # an older dash says it twice
    if error is None:
        return None
    error, last = _with_source(lines, index, error)
    frames = _frames(lines, index, match["script"], int(match["line"]))
    known = name == "bash" or bool(frames and frames[0].file)
    certainty = Certainty.CERTAIN if known else Certainty.LIKELY
    error = LoggedError(error.type, error.message, frames, error.at)
    return _failure(error, name, index, last, certainty)


def _may_be_script(script: str, shell: str, leads: bool) -> bool:
    """Whether what stands before the line's number is a script or a shell, and not another program's file."""
    if _OTHERS.search(script) or script.lower() in _NO_SCRIPTS:
        return False
    function = shell == "zsh" and leads and script.isidentifier()
    return function or shell == "bash" or bool(_SCRIPT.search(script)) or script in _SHELL_NAMES


def _frames(lines: Sequence[str], index: int, script: str, line: int) -> tuple[Frame, ...]:
    """The place that an error names; where that is only a shell's name, the command that was traced last."""
    if script.lstrip("-").rpartition("/")[2] in _SHELL_NAMES:
        return _traced(lines, index)
    code = _code(lines, index)
    if ": line " not in lines[index] and not _SCRIPT.search(script):  # a function of zsh: lines from its head
        return (Frame(None, line, script, code=code, at=index),)
    return (Frame(script, line, _function(lines, index, script, line), code=code, at=index),)


def _unlocated(lines: Sequence[str], index: int, text: str) -> Failure | None:
    """`bash: foo: command not found`, `zsh: command not found: foo`, `cat: prices.csv: No such file or directory`."""
    shell = _SHELL.search(text)
    if shell is not None:
        error = _error(shell["text"], index)
        name = shell["shell"].lstrip("-").rpartition("/")[2]
        if error is None:
            return None
        error = LoggedError(error.type, error.message, _traced(lines, index), error.at)
        return _failure(error, name, index, index)
    env = _ENV.search(text)
    if env is not None:
        error = LoggedError(env["type"], f"env: {env['name']}", _traced(lines, index), at=index)
        return _failure(error, "sh", index, index, Certainty.LIKELY)
    return _plain(lines, index, text)


def _plain(lines: Sequence[str], index: int, text: str) -> Failure | None:
    """An error of a command like `cp`: the shell's own words, without a place unless there is a trace."""
    match = _PLAIN.match(text.lstrip()) if len(text) < 500 else None
    if match is None:
        return None
    phrase = _phrase(match["text"])
    if phrase is None or not match["text"].rstrip().endswith(phrase):
        return None
    if any("(ignored)" in line for line in lines[index + 1 : index + 2]):  # make was told to go on
        return None
    frames = _traced(lines, index)
    message = f"{match['tool']}: {match['text'].partition(phrase)[0].rstrip(': ')}"
    error = LoggedError(phrase, message, frames, at=index)
    return _failure(error, "sh", index, index, Certainty.LIKELY if frames else Certainty.GUESS)


def _error(text: str, index: int) -> LoggedError | None:
    """The type and the message in what a shell says: the phrase it always uses, and what it says it of."""
    text = text.strip()
    if match := _NOT_FOUND.fullmatch(text):
        return LoggedError(match["type"], (match["name"] or match["after"] or "").strip(), at=index)
    if match := _SYNTAX.match(text) or _UNEXPECTED.match(text):
        return LoggedError(match["type"], match["how"].removeprefix(":").strip(), at=index)
    phrase = _phrase(text)
    if phrase is None:
        return None
    before, _, after = text.partition(phrase)
    return LoggedError(phrase, " ".join(part for part in (before.rstrip(": "), after.lstrip(": ")) if part), at=index)


def _phrase(text: str) -> str | None:
    for phrase in _PHRASES:
        if phrase in text:
            return phrase
    return None


def _with_source(lines: Sequence[str], index: int, error: LoggedError) -> tuple[LoggedError, int]:
    """A syntax error's second line: the source (`x.sh: line 3: `fi''), or that the file ended."""
    if error.type not in ("syntax error", "unexpected EOF") or index + 1 >= len(lines):
        return error, index
    match = _LOCATED.search(lines[index + 1][:1000])
    if match is None or not match["text"].startswith(("`", "syntax error: unexpected end of file")):
        return error, index
    return error, index + 1


def _code(lines: Sequence[str], index: int) -> str:
    """The source that bash quotes below a syntax error, or the command that was traced last."""
    match = _LOCATED.search(lines[index + 1][:1000]) if index + 1 < len(lines) else None
    if match is not None and match["text"].startswith("`") and match["text"].endswith("'"):
        return match["text"][1:-1].strip()
    frames = _traced(lines, index)
    return frames[-1].code if frames else ""


def _function(lines: Sequence[str], index: int, script: str, line: int) -> str | None:
    for frame in _traced(lines, index):
        if frame.file == script and frame.line == line:
            return frame.function
    return None


def _traced(lines: Sequence[str], index: int) -> tuple[Frame, ...]:
    """The command that `set -x` showed last before a line: a frame with what PS4 tells of its place."""
    if "+" not in "".join(lines[max(0, index - _REACH) : index]):
        return ()
    for at in range(index - 1, max(-1, index - _REACH), -1):
        line = lines[at]
        step = _STEP.match(line)
        match = _TRACED.match(line[step.end() :] if step else line)
        if match is not None and match["rest"]:
            place = _TRACE_PLACE.match(match["rest"])
            if place is None:
                return (Frame(code=match["rest"].strip(), at=at),)
            code = place["code"].strip()
            return (Frame(place["file"], int(place["line"]), place["function"], code=code, at=at),)
        if not line.strip() or (": " in line and _phrase(line[:300])):  # an earlier error, perhaps of another program
            break
    return ()


def _trap(lines: Sequence[str], index: int) -> Failure | None:
    """What an ERR trap says: `Error in deploy.sh on line 12: command exited with status 1`."""
    line = lines[index]
    if "ine" not in line or len(line) > 300 or not any(word in line for word in _TRAP_WORDS):
        return None
    match = _TRAP.search(line)
    if match is None or (match["file"] and _OTHERS.search(match["file"])):
        return None
    frames = (Frame(match["file"], int(match["line"]), at=index),)
    error = LoggedError("error", line.strip(), frames, at=index)
    return _failure(error, "trap", index, index, Certainty.GUESS)


def _failure(error: LoggedError, name: str, first: int, last: int, certainty: Certainty = Certainty.CERTAIN) -> Failure:
    begin = min([first, *(frame.at for frame in error.frames)])
    return Failure("shell", name, (error,), begin, last, certainty=certainty)


PARSER = Parser(
    "shell",
    (
        *("sh:", " line ", "not found", "No such file", "ermission denied", "no such file", "s a directory"),
        *("ot a directory", "ot permitted", "No space left", "Directory not empty", "File exists"),
    ),
    parse,
)
