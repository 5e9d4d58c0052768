"""What the screen of a refactoring says: of the answers, of the tests, of its keys."""

from collections.abc import Iterable

from termcoder.refactoring.checking import Found, Proposal
from termcoder.scratch import Outcome
from termcoder.ui.inert import one_line


def answers(count: int) -> str:
    """How many answers."""
    return f"{count} answer{'s' if count != 1 else ''}"


def notes(found: Found, proposal: Proposal | None, before: Iterable[str]) -> str:
    """What is to be known of the patch that is shown, and of the answers that were dropped; a line each."""
    lines = [*before, *(proposal.notes if proposal else ())]
    if proposal is not None and not proposal.by_rule:
        lines.append(f"checked: {', '.join(proposal.checks)}")
    if proposal is not None and proposal.votes > 1:
        lines.append(f"{answers(proposal.votes)} were this one")
    if told := found.told():
        lines.append(told)
    return "\n".join(f"• {one_line(line)}" for line in lines)


def outcome(came: Outcome) -> str:
    """What a run of the tests came to."""
    seconds = f"{came.seconds:.1f} s"
    if came.timed_out:
        return f"The tests took longer than they may and were ended after {seconds}. u takes the change back."
    if came.code:
        return f"The tests fail: exit code {came.code}, {seconds}. u takes the change back, d diagnoses it."
    return f"The tests pass, {seconds}."


def keys_before(found: Found, shown: int) -> str:
    """The keys while nothing is applied; `shown`: which proposal is."""
    count = len(found.proposals)
    by_rule = any(each.by_rule for each in found.proposals)
    keys = [f"1-{count} shows another answer ({shown + 1})"] if count > 1 else []
    keys += ["space leaves a hunk out", "a applies"] if count else []
    return " · ".join([*keys, *([] if by_rule else ["r again"]), "Esc closes"])


def keys_after(command: str, *, failed: bool) -> str:
    """The keys once it is applied. `command`: the tests that may be run."""
    keys = [f"y runs `{one_line(command)}`"] if command else []
    keys += ["d diagnoses the failure"] if failed else []
    return " · ".join([*keys, "u takes it back", "Esc closes"])
