"""What the model is asked: the chosen lines, a little of what is around them, secrets hidden."""

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from termcoder import prompts
from termcoder.conversation import Message, Role
from termcoder.engine.base import Grammar, Request, Sampling
from termcoder.errors import RefactorError
from termcoder.prompts import PromptTemplate
from termcoder.redact import PLACEHOLDER, Redacted, redact
from termcoder.refactoring.extracting import Extraction
from termcoder.refactoring.selecting import Selection, definitions, language_of, lines_of

HEAD_LINES = 12
OUTLINE_LINES = 16
"""So many lines of the file's head, and so many other definitions, are shown around the chosen lines."""

_VERBS = (
    *("add", "apply", "build", "check", "clean", "collect", "convert", "count", "create", "find", "format", "get"),
    *("group", "handle", "load", "make", "merge", "parse", "prepare", "print", "process", "read", "remove", "replace"),
    *("save", "select", "send", "set", "show", "sort", "split", "start", "sum", "update", "validate", "write"),
)
_WORD = re.compile(r"[A-Za-z][a-z]{2,}")
_FUNCTION_WORDS = 40


@dataclass(frozen=True, slots=True)
class Question:
    """The messages to send, and what puts the secrets back into the answer."""

    messages: tuple[Message, ...]
    secrets: Redacted
    code: str
    """The chosen lines as the model sees them."""

    def restored(self, answer: str) -> str | None:
        """The answer with the secrets in it; None where the model made one up."""
        text = self.secrets.restore(answer)
        is_made_up = PLACEHOLDER.search(text) and not PLACEHOLDER.search(self.secrets.restore(self.code))
        return None if is_made_up else text


def template_named(name: str) -> PromptTemplate:
    """The template of this name, if it is one that rewrites code. Raises PromptError or RefactorError."""
    template = prompts.find(name)
    if template.is_picked and "code" in template.variables:
        return template
    raise RefactorError(
        f"The template {name!r} doesn't rewrite code.",
        remedy=f"Take one of {', '.join(each.name for each in templates())}.",
    )


def templates() -> list[PromptTemplate]:
    """The templates that rewrite code."""
    return [each for each in prompts.shelf().picked() if each.feature == "refactor" and "code" in each.variables]


def question(selection: Selection, template: PromptTemplate, instruction: str, *, context: bool = True) -> Question:
    """What to ask. `context`: show what is around the lines. Raises PromptError."""
    hidden = redact(selection.text)
    shown = replace(selection, text=hidden.text)
    code = "\n".join(shown.lines)
    values = {
        "path": selection.path,
        "language": language_of(selection.path),
        "code": code,
        "context": around(shown) if context else "",
        "instruction": redact(instruction).text,
        "question": redact(instruction).text,
        "files": "",
    }
    offered = {name: value for name, value in values.items() if name in template.variables}
    return Question(template.messages(**offered), hidden, code)


def around(selection: Selection) -> str:
    """What the file begins with, and the heads of its other definitions."""
    lines = lines_of(selection.text)
    known = definitions(selection.path, selection.text)
    end = min([selection.first, HEAD_LINES + 1, *(each.first for each in known)])
    head = [line for line in lines[: end - 1] if line.strip()]
    others = [each for each in known if not selection.first <= each.first <= selection.last]
    nearest = sorted(others, key=lambda each: abs(each.first - selection.first))[:OUTLINE_LINES]
    return "\n".join([*head, *(lines[each.first - 1] for each in sorted(nearest, key=lambda each: each.first))])


def request_of(asked: Question, sampling: Sampling) -> Request:
    """The request for one answer, which repeats much of what was asked."""
    return Request(asked.messages, sampling, copies=True)


def naming(extraction: Extraction, instruction: str) -> Request:
    """What gives the function that a rule made a name. Raises PromptError."""
    made = "\n".join(extraction.function("f"))
    task = prompts.find("name-function").render(
        language="python", code=redact(made).text, instruction=redact(instruction).text
    )
    return Request((Message(Role.USER, task),), Sampling(0.0, 1.0, 24), grammar=_name_grammar(made))


def _name_grammar(code: str) -> Grammar:
    """A verb with one or two words of the code: a small model's own words are seldom better."""
    used = dict.fromkeys(word.lower() for word in _WORD.findall(code))
    words = [word for word in used if not keyword.iskeyword(word) and word not in (*_VERBS, "self")][:_FUNCTION_WORDS]
    verbs = " | ".join(f'"{verb}"' for verb in _VERBS)
    nouns = " | ".join(f'"{word}"' for word in words or ["step"])
    example = f"{_VERBS[0]}_{(words or ['step'])[0]}"
    return Grammar(f'root ::= verb "_" word ("_" word)?\nverb ::= {verbs}\nword ::= {nouns}', example)


def better_names(selection: Selection, names: Sequence[str], instruction: str) -> Question:
    """What gives some of these names better ones. Raises PromptError."""
    hidden = redact(selection.text)
    code = "\n".join(replace(selection, text=hidden.text).lines)
    task = prompts.find("better-names").render(
        language=selection.language, code=code, names=", ".join(names), instruction=redact(instruction).text
    )
    return Question((Message(Role.USER, task),), hidden, code)


def names_request(asked: Question, names: Sequence[str], sampling: Sampling) -> Request:
    """The request for better names; only those that there are can be given another."""
    old = " | ".join(f'"{name}"' for name in names)
    ebnf = f"""root ::= pair pair? pair? pair? pair? pair?
pair ::= old " -> " [a-z]{{3,12}} ("_" [a-z]{{2,12}} | [A-Z] [a-z]{{2,12}})? "\\n"
old ::= {old}"""
    return Request(asked.messages, replace(sampling, max_tokens=120), grammar=Grammar(ebnf, f"{names[0]} -> value\n"))


_PAIR = re.compile(r"[-*\s]*`?(?P<old>[^\W\d][\w$]*)`?\s*->\s*`?(?P<new>[^\W\d]\w*)`?\s*")


def names_in(answer: str, names: Sequence[str]) -> dict[str, str]:
    """The better names of an answer: those of its lines that rename one of `names`."""
    pairs = filter(None, map(_PAIR.fullmatch, answer.strip().split("\n")))
    return {pair["old"]: pair["new"] for pair in pairs if pair["old"] in names and pair["old"] != pair["new"]}
