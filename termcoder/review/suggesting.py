"""A finding becomes a patch: the lines around it are written anew by the model, and kept where they hold water."""

import re

from termcoder import prompts
from termcoder.conversation import Message, Role
from termcoder.diagnosis import evidence
from termcoder.diagnosis.evidence import Region
from termcoder.diagnosis.fixes import Origin, Proposal, checked, code_of, without_numbers
from termcoder.diagnosis.incident import Place
from termcoder.edits.patch import Patch
from termcoder.engine.base import Request, Sampling
from termcoder.redact import PLACEHOLDER, Redacted, redact
from termcoder.review.finding import Finding

LONGEST = 40
"""A longer function is shown as the lines around the place."""
AROUND = 15
TEMPERATURE = 0.2

NO_CODE, CUT_SHORT, UNKNOWN_SECRET = "holds no code", "was cut short", "makes up a secret"  # reasons for none

_FENCE = re.compile(r"(?m)^ *(?:`{3,}|~{3,})")


def region_of(new: str, path: str, line: int) -> Region | None:
    """The function around a line of the new side, or the lines around it; None where the text has no such line."""
    region = evidence.region_of(Place(path, line), lambda _: new, AROUND)
    if region is None or region.last - region.first < LONGEST:
        return region
    count = new.count("\n") + (not new.endswith("\n"))
    return Region(path, new, max(1, line - AROUND), min(count, line + AROUND), line, region.name)


def request_for(finding: Finding, region: Region, language: str) -> Request:
    """What the model is asked to get a finding's suggestion. Secrets are hidden. Raises PromptError."""
    code = _shown(redact(region.text), region)
    shown = "\n".join(code)
    task = prompts.find("mend-task").render(
        path=region.path,
        finding=redact(f"{finding.title.rstrip('.')}. {finding.scenario}".strip()).text,
        line=code[region.line - region.first].strip(),
        language=language,
        code=shown,
    )
    sampling = Sampling(TEMPERATURE, 0.95, 64 + 2 * len(shown) // 3)
    head = Message(Role.SYSTEM, prompts.find("mend").body)
    return Request((head, Message(Role.USER, task)), sampling, copies=True)


def suggestion_of(answer: str, finding: Finding, region: Region) -> Patch | str:
    """The patch to the new side that an answer holds, or why there is none, in a few words."""
    lines = without_numbers(code_of(answer))
    if not any(line.strip() for line in lines):
        return NO_CODE
    if len(_FENCE.findall(answer)) == 1 and len(lines) < region.last - region.first + 1:
        return CUT_SHORT
    text = redact(region.text).restore("\n".join(lines))
    if PLACEHOLDER.search(text):
        return UNKNOWN_SECRET
    return patch_of(finding.title, region, text.split("\n"))


def patch_of(title: str, region: Region, lines: list[str], origin: Origin = Origin.MODEL) -> Patch | str:
    """The patch that puts `lines` in a region's place, or why it is not usable, in a few words."""
    proposal = Proposal(title, "", origin, region.path, region.text, region.first, region.last, tuple(lines))
    found = checked([proposal])
    return found.fixes[0].patch if found.fixes else found.dropped[0][0]


def _shown(hidden: Redacted, region: Region) -> list[str]:
    """The region's lines without secrets; hidden in the whole file, since a key's begin may stand further up."""
    lines = hidden.text.split("\n")[region.first - 1 : region.last]
    return [line.removesuffix("\r") for line in lines]
