"""`/explain @file.py:10-40 why is it slow?`: a template that a user picks by name, filled in for one question.

The files named go where the template's `$files`, `$code` and `$context` stand, the other words are its `$question`.
A question made with a template stands for itself: it has the template's fixed part in place of the chat's, and earlier
turns are not sent with it. So the fixed part is read once for all questions of a template.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from termcoder import prompts
from termcoder.conversation import Attachment, Message
from termcoder.engine.base import Grammar, Sampling
from termcoder.errors import PromptError, WorkspaceError
from termcoder.features.attaching import attached_text, attachments_in
from termcoder.features.turn import Prompt
from termcoder.mentions import Mention, find_mentions
from termcoder.prompts import PromptTemplate
from termcoder.workspace import Workspace

LINES_AROUND = 20
"""How many lines before and after the named ones are shown as `$context`."""

_CALL = re.compile(r"/(?P<name>[A-Za-z][\w-]*)(?=\s|$)")
_FENCE_NAMES = {
    "c": "c", "cc": "cpp", "cpp": "cpp", "cs": "csharp", "go": "go", "h": "c", "hpp": "cpp", "java": "java",
    "js": "javascript", "jsx": "jsx", "kt": "kotlin", "md": "markdown", "mjs": "javascript", "php": "php",
    "py": "python", "pyi": "python", "rb": "ruby", "rs": "rust", "sh": "bash", "swift": "swift", "ts": "typescript",
    "tsx": "tsx", "yml": "yaml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A file as a template takes it: its text, and where only some lines were named, those around them."""

    attachment: Attachment
    path: str
    around: str = ""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A question made with a template: `sent` is what the model gets as the question, after the template's `head`.

    `problems`: a sentence for each file that could not be read.
    """

    template: PromptTemplate
    sent: str
    attachments: tuple[Attachment, ...]
    problems: tuple[str, ...]


def called_name(text: str) -> str:
    """The name of the template that `text` calls; "" where it calls none: `/usr/bin` is a path."""
    match = _CALL.match(text)
    return match["name"] if match else ""


def pick(name: str, workspace: Workspace) -> PromptTemplate:
    """The template of this name, if it is one that a user picks. Raises PromptError, with the nearest name."""
    try:
        template = prompts.find(name, workspace.root)
    except PromptError:
        raise _unknown(name, workspace) from None
    if not template.is_picked:
        raise _unknown(name, workspace)
    return template


def _unknown(name: str, workspace: Workspace) -> PromptError:
    """What is told of a name that can't be used: why its file is left out, or which names there are."""
    shelf = prompts.shelf(workspace.root)
    broken = [problem for problem in shelf.problems if f"{name}.md" in problem.message]
    if broken:
        return broken[0]
    near = prompts.nearest(name, [each.name for each in shelf.picked()])
    guess = f"Did you mean /{near}? " if near else ""
    return PromptError(
        f"There is no template /{name}, and nothing was sent.",
        remedy=f"{guess}To send the text as it is, begin it with a space.",
    )


def expand(text: str, workspace: Workspace) -> Expanded | None:
    """The question that `text` makes, None where it calls no template. Reads files. Raises PromptError."""
    name = called_name(text)
    if not name:
        return None
    template = pick(name, workspace)
    rest = text[len(name) + 1 :].strip()
    sources, problems = read_sources(rest, workspace)
    question = without_leading_mentions(rest, {source.path for source in sources})
    if not sources and not question:
        raise PromptError(
            f"/{name} needs something to work on, and nothing was sent.",
            remedy=f"Name a file after it, /{name} @file.py:10-40, or write or paste the text.",
        )
    sent = template.task(**values_of(sources, question))
    return Expanded(template, sent, tuple(source.attachment for source in sources), problems)


def read_sources(text: str, workspace: Workspace) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """The files that `text` mentions, and a sentence for each that can't be read."""
    found, problems = attachments_in(text, workspace)
    return tuple(_source(mention, attachment, workspace) for mention, attachment in found), problems


def without_leading_mentions(text: str, paths: set[str]) -> str:
    """`text` without the mentions of these files that it begins with; inside a sentence they are part of it."""
    start = 0
    for mention in find_mentions(text):
        if text[start : mention.start].strip() or mention.path not in paths:
            break
        start = mention.end
    return text[start:].strip()


def values_of(sources: Sequence[Source], question: str) -> dict[str, str]:
    """A value for every variable that a template can use; "" for what there is none of."""
    first = sources[0] if sources else Source(Attachment("", ""), "")
    return {
        "files": "\n".join(attached_text(source.attachment) for source in sources).rstrip("\n"),
        "path": " ".join(first.path.split()),
        "language": fence_name(first.path),
        "code": first.attachment.text.rstrip("\n"),
        "context": first.around,
        "question": question,
        "instruction": question,
    }


def fence_name(path: str) -> str:
    """The name of a file's language as it stands after a fence; the suffix where that is all that is known."""
    suffix = PurePosixPath(path).suffix.removeprefix(".").lower()
    return _FENCE_NAMES.get(suffix, suffix if suffix.isalnum() else "")


def head_of(template: PromptTemplate, language: str = "") -> tuple[Message, ...]:
    """The fixed part of a template's prompt. `language`: see `prompts.reply_line`."""
    return prompts.answered_in(template.head, language)


def prompt_of(
    template: PromptTemplate, tail: tuple[Message, ...], attachments: tuple[Attachment, ...], language: str
) -> Prompt:
    """The prompt of a turn made with `template`, whose question is `tail`; nothing of the conversation is in it."""
    head = head_of(template, language)
    return Prompt(head, (), tail, attachments, grammar=grammar_of(template), schema=template.answer.schema)


def grammar_of(template: PromptTemplate) -> Grammar | None:
    """What the answer is decoded under, where the template says so in another way than by a schema."""
    ebnf = template.answer.ebnf
    return Grammar(ebnf, template.answer.example) if ebnf else None


def sampling_of(template: PromptTemplate, usual: Sampling) -> Sampling:
    """`usual`, but for what the template says of it."""
    said = template.sampling
    return replace(
        usual,
        temperature=usual.temperature if said.temperature is None else said.temperature,
        top_p=usual.top_p if said.top_p is None else said.top_p,
        max_tokens=said.max_tokens or usual.max_tokens,
    )


def _source(mention: Mention, attachment: Attachment, workspace: Workspace) -> Source:
    return Source(attachment, mention.path, _around(mention, workspace) if mention.first is not None else "")


def _around(mention: Mention, workspace: Workspace) -> str:
    """The lines before and after those that a mention names; the place of these is shown with dots."""
    first = mention.first or 1
    last = mention.last or first
    before = _lines(workspace, mention.path, max(1, first - LINES_AROUND), first - 1)
    after = _lines(workspace, mention.path, last + 1, last + LINES_AROUND)
    return f"{before}...\n{after}".rstrip("\n") if before.strip() or after.strip() else ""


def _lines(workspace: Workspace, path: str, first: int, last: int) -> str:
    try:
        return workspace.load(path, first, last).text if first <= last else ""
    except WorkspaceError:
        return ""  # the file ends before
