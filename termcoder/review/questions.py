"""The requests that a review makes to the engine. What many of them share stands first, so that it is read once."""

from termcoder import prompts
from termcoder.conversation import Message, Role
from termcoder.engine.base import Request, Sampling
from termcoder.review.answer import Remark, grammar_of
from termcoder.review.excerpts import Excerpt
from termcoder.review.kinds import FaultKind
from termcoder.review.weighing import NO, YES

ANSWER_TOKENS = 160

_UNKNOWN = "a wrong result, a crash, lost data, a security hole or a leak"
_TEMPLATES = (
    "review",
    "review-task",
    "review-examples",
    "review-verdict",
    "review-verdict-task",
    "review-fault",
    "review-fault-task",
    "review-doubt",
    "review-doubt-task",
)


class Questions:
    """Asks about the places of one change. Templates are read once."""

    def __init__(self, seed: int = 0) -> None:
        self._templates = {name: prompts.find(name) for name in _TEMPLATES}
        self._examples = _turns(self._templates["review-examples"].body)
        self._seed = seed

    def verdict(self, path: str, old: str, new: str, question: str) -> Request:
        """Whether code was changed for the better."""
        return self._yes_or_no("review-verdict", "review-verdict-task", path=path, old=old, new=new, question=question)

    def has_fault(self, code: str, question: str) -> Request:
        """Whether code has a kind of fault."""
        return self._yes_or_no("review-fault", "review-fault-task", code=code.rstrip("\n"), question=question)

    def holds(self, excerpt: Excerpt, remark: Remark) -> Request:
        """Whether a remark is true of a change."""
        return self._yes_or_no(
            "review-doubt", "review-doubt-task", path=excerpt.path, diff=excerpt.diff, remark=str(remark)
        )

    def finding(self, excerpt: Excerpt, kind: FaultKind | None) -> Request:
        """The fault of a place, of a kind if one is known."""
        task = self._templates["review-task"].render(
            path=excerpt.path,
            change=excerpt.numbered,
            hint=kind.hint if kind else _UNKNOWN,
        )
        messages = (self._system("review"), *self._examples, Message(Role.USER, task))
        sampling = Sampling(0.0, 1.0, ANSWER_TOKENS, seed=self._seed)
        return Request(messages, sampling, grammar=grammar_of(excerpt.lines))

    def _yes_or_no(self, system: str, task: str, **values: str) -> Request:
        messages = (self._system(system), Message(Role.USER, self._templates[task].render(**values)))
        return Request(messages, Sampling(0.0, 1.0, 1), choices=(YES, NO))

    def _system(self, name: str) -> Message:
        return Message(Role.SYSTEM, self._templates[name].body)


def _turns(text: str) -> tuple[Message, ...]:
    """Messages out of a text in which a line `[user]` or `[assistant]` begins each."""
    turns: list[tuple[Role, list[str]]] = []
    for line in text.splitlines():
        if line in ("[user]", "[assistant]"):
            turns.append((Role(line[1:-1]), []))
        elif turns:
            turns[-1][1].append(line)
    return tuple(Message(role, "\n".join(lines)) for role, lines in turns)
