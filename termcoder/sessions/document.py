"""A session as a document, whatever it is written as: sections with facts and texts."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from termcoder.conversation import Turn, Usage
from termcoder.sessions.schema import SET_ASIDE, Session

PANES = {"traceback": "Diagnosis", "review": "Review", SET_ASIDE: "Answered again"}

# Control characters, line ends that aren't "\n", what reorders or hides text, and what no encoding has.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]")
_LOG = "pytb"  # Pygments knows how a Python traceback is coloured, and other logs stay as they are
_DROPPED = frozenset({"id", "started_at", "reviewed_at", "file", "hunk"})


class Kind(Enum):
    """How a text is meant."""

    PLAIN = "plain"
    """As it was typed."""

    ANSWER = "answer"
    """Markdown that the model wrote."""

    CODE = "code"


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a section. `language`: of code, as a name or a file's name; "" where it isn't known."""

    label: str
    text: str
    kind: Kind = Kind.PLAIN
    language: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading of its own: the session's beginning, or a turn. `facts` are (name, value) pairs."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    texts: tuple[Text, ...] = ()


def document_of(session: Session) -> tuple[Section, ...]:
    """The whole session, every pane's turns: its beginning, the chat, then the other panes."""
    chat = (_chat_section(f"{number}. Question", turn) for number, turn in enumerate(session.turns, 1))
    return _beginning(session), *chat, *_other_sections(session)


def visible(text: str) -> str:
    """`text` with a sign in the place of each character that can't be seen; tabs and newlines stay."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """`visible` text on a single line."""
    return visible(" ".join(text.split()))


def _beginning(session: Session) -> Section:
    facts = _known(
        ("Project", session.project),
        ("Model", session.model),
        ("Begun", session.created_at),
        ("Saved", session.updated_at),
        ("Spent", _spent(session.usage)),
        ("Session", session.id),
        ("Split off from", session.forked_from),
    )
    note = session.note.text
    texts = (Text("What the model is told of older turns", note),) if note else ()
    return Section(session.title or "Untitled session", facts, texts)


def _chat_section(title: str, turn: Turn) -> Section:
    facts = _known(
        ("Asked", turn.started_at),
        ("State", str(turn.state)),
        ("Model", turn.model),
        ("Seed", "" if turn.seed is None else str(turn.seed)),
        ("Template", turn.template),
        ("Tokens", _spent(turn.usage)),
        ("Error", turn.error),
    )
    attached = (Text(f"Attached: {each.path}", each.text, Kind.CODE, each.path) for each in turn.attachments)
    sent = (Text("Sent in its place", turn.sent),) if turn.sent and turn.sent != turn.question else ()
    answer = (Text("Answer", turn.answer, Kind.ANSWER),) if turn.answer else ()
    return Section(title, facts, (Text("Question", turn.question), *sent, *attached, *answer))


def _other_sections(session: Session) -> Iterator[Section]:
    for pane, turns in session.other_turns.items():
        for number, turn in enumerate(turns, 1):
            title = f"{PANES.get(pane, pane.capitalize())} {number}"
            yield _other_section(title, turn) if isinstance(turn, dict) else Section(title, (), (_as_json("", turn),))


def _other_section(title: str, turn: Mapping[str, Any]) -> Section:
    """Another pane's turn: short values are facts, long ones texts, findings a list, the rest JSON."""
    facts = [("Asked", str(turn.get("started_at") or turn.get("reviewed_at") or ""))]
    texts: list[Text] = []
    for name, value in turn.items():
        label = name.replace("_", " ").capitalize()
        if name in _DROPPED or value in (None, "", [], {}, ()):
            continue
        if name == "usage":
            facts.append(("Tokens", _spent_json(value)))
        elif isinstance(value, str) and (name in ("question", "answer", "log") or len(value) > 80):
            texts.append(_long(label, name, value))
        elif isinstance(value, str | int | float):
            facts.append((label, str(value)))
        else:
            texts.append(Text(label, _findings(value)) if name == "findings" else _as_json(label, value))
    return Section(title, _known(*facts), tuple(texts))


def _long(label: str, name: str, value: str) -> Text:
    if name == "log":
        return Text(label, value, Kind.CODE, _LOG)
    looks_json = value.lstrip().startswith(("{", "["))
    return Text(label, value, Kind.CODE, "json") if looks_json else Text(label, value)


def _findings(findings: Any) -> str:
    if not isinstance(findings, Sequence) or not all(isinstance(each, dict) for each in findings):
        return json.dumps(findings, ensure_ascii=False, indent=2)
    return "\n\n".join("\n".join(_finding(each)) for each in findings)


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    yield f"{finding.get('path', '?')}:{finding.get('line', '?')}  {finding.get('severity', '')}"
    for name in ("title", "quoted", "scenario"):
        if finding.get(name):
            yield f"    {one_line(str(finding[name]))}"


def _as_json(label: str, value: Any) -> Text:
    return Text(label, json.dumps(value, ensure_ascii=False, indent=2), Kind.CODE, "json")


def _known(*facts: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in facts if value)


def _spent_json(value: Any) -> str:
    try:
        return _spent(Usage(**value))
    except TypeError:
        return ""


def _spent(usage: Usage) -> str:
    """Tokens and times in words, "" where nothing was spent."""
    if not any(asdict(usage).values()):
        return ""
    cached = f" ({usage.cached_tokens:,} of them cached)" if usage.cached_tokens else ""
    speed = f", {usage.tokens_per_second:.1f} a second" if usage.tokens_per_second else ""
    waited = f", {usage.first_token_seconds:.1f} s before the first" if usage.first_token_seconds else ""
    return f"{usage.prompt_tokens:,} of prompt{cached}, {usage.completion_tokens:,} of answer{speed}{waited}"
