"""What ESLint and package managers print when they fail."""

import re
from collections.abc import Iterator, Sequence

from termcoder.tracebacks.javascript_frames import is_own, language_of
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError

LINT_MARKS = ("  error  ", " problem", "  Line ", "  Error: ")
INSTALL_MARKS = ("npm ERR!", "npm error", "ERR_PNPM_", "ELIFECYCLE", "error Command failed", "YN0")

_LINT = re.compile(r"^\s+(\d{1,9}):(\d{1,9})\s+error\s+(\S.*?)(?:\s{2,}([@\w][\w@/.-]*))?\s*$")
_LINT_FILE = re.compile(r"^\s{0,8}((?:[A-Za-z]:)?[^\s:][^:]{0,400}\.\w{1,8})\s*$")
_REACT_LINE = re.compile(r"^\s+Line (\d{1,9}):(?:(\d{1,9}):)?\s+(\S.*?)(?:\s{2,}([@\w][\w@/.-]*))?\s*$")
_NEXT_LINE = re.compile(r"^(\d{1,9}):(\d{1,9})\s{2}Error: (\S.*?)(?:\s{2,}([@\w][\w@/.-]*))?\s*$")
_NPM = re.compile(r"^\s*npm (?:ERR!|error)(?: (.*))?$")
_NPM_CODE = re.compile(r"code (\w+)$")
_NPM_NOISE = re.compile(
    r"(?:errno|syscall|path|dest|cwd|signal|command|location|workspace|a complete log|this is probably not"
    r"|failed at the|there is likely|\d{4}-|lifecycle script|in workspace|at location|argv|file|spawn"
    r"|(?:node|npm)\s+v\d+|(?:linux|darwin|windows_nt) \d|errno)\b",
    re.IGNORECASE,
)
_PNPM = re.compile(r"^\s*(?:\u2009)?(ERR_PNPM_\w+|ELIFECYCLE)\u2009?\s+(\S.*)$")
_BERRY = re.compile(r"^\s*➤ (YN\d{4}): [│└┌·]?\s*(.*)$")


def read_lint(lines: Sequence[str]) -> Iterator[Failure]:
    """Read the errors, not the warnings, of ESLint's usual form and of Create React App's."""
    file: tuple[str, int] | None = None
    in_errors = True
    for at, line in enumerate(lines):
        if line.startswith("Failed to compile"):
            in_errors = True
        elif line.startswith("Compiled with warnings"):
            in_errors = False
        named = _LINT_FILE.match(line) if line and not line.startswith("    ") and "." in line[-10:] else None
        if named is not None:
            file = named[1], at
        match = _LINT.match(line) if "error" in line and ":" in line[:16] else None
        if match is None and in_errors and "Line " in line[:12]:
            match = _REACT_LINE.match(line)
        if match is None and in_errors and "  Error: " in line[:30]:
            match = _NEXT_LINE.match(line)
        if match is not None and file is not None:
            yield _lint(match, file[0], at)


def _lint(match: re.Match[str], file: str, at: int) -> Failure:
    place = Frame(file, int(match[1]), None, is_own(file), int(match[2]) if match[2] else None, at=at)
    error = LoggedError(match[4] or "error", match[3], (place,), at)
    return Failure(language_of(file), "eslint", (error,), at, at, build=True)


def read_install(lines: Sequence[str]) -> Iterator[Failure]:
    """Read what npm, pnpm and yarn say of their own failure: only worth telling where nothing else is."""
    npm = [(at, match[1] or "") for at, line in enumerate(lines) if "npm" in line and (match := _NPM.match(line))]
    if npm:
        yield _npm(npm)
        return
    for at, line in enumerate(lines):
        match = _PNPM.match(line) if "ERR_PNPM" in line or "ELIFECYCLE" in line else None
        if match is not None:
            yield _installer("pnpm", match[1], match[2].rstrip(), at, match[1] == "ELIFECYCLE")
        elif line.lstrip().startswith("error Command failed"):
            yield _installer("yarn", "error", line.strip().removeprefix("error "), at, True)
        elif "➤ YN" in line and ("Error" in line or "error" in line or "YN0035" in line or "YN0001" in line):
            berry = _BERRY.match(line)
            if berry is not None:
                yield _installer("yarn", berry[1], berry[2].rstrip(), at, False)


def _npm(said: Sequence[tuple[int, str]]) -> Failure:
    code = next((match[1] for _, text in said if (match := _NPM_CODE.match(text.strip()))), "")
    told = [text.strip() for _, text in said if text.strip() and not _NPM_CODE.match(text.strip())]
    useful = [text for text in told if not _NPM_NOISE.match(text)] or told or [""]
    if code.isdigit():  # the program that npm ran says why below what else it says
        useful = [text for text in useful if "rror: " in text] or useful
    message = useful[0].removeprefix(code).strip() if code else useful[0]
    message = message.removeprefix("gyp ERR! stack ")
    if code == "E404":
        message = message.removeprefix("404").strip()
    at = said[0][0]
    is_script = code in ("", "ELIFECYCLE") or code.isdigit()
    error = LoggedError("error" if not code or code.isdigit() else code, message, (), at)
    certainty = Certainty.GUESS if is_script and "issing script" not in message else Certainty.CERTAIN
    return Failure("javascript", "npm", (error,), at, said[-1][0], build=True, certainty=certainty)


def _installer(form: str, code: str, message: str, at: int, is_script: bool) -> Failure:
    certainty = Certainty.GUESS if is_script else Certainty.CERTAIN
    return Failure("javascript", form, (LoggedError(code, message, (), at),), at, at, build=True, certainty=certainty)
