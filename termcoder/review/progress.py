"""A review that grows: findings come in, some are folded, hunks are counted as they are read."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pathspec import GitIgnoreSpec  # git's own rules for patterns, as for .gitignore

from termcoder.diagnosis.fixes import Origin
from termcoder.diffs.model import ChangeSet, FileDiff
from termcoder.review import checks
from termcoder.review.finding import Coverage, Finding, Review, ranked
from termcoder.settings import ReviewSettings

COMBINED = "compared with several parents"
IGNORED = "named in the settings (review.skip)"


def why_skipped(file: FileDiff, spec: GitIgnoreSpec) -> str | None:
    """Why a file is not reviewed by the model; None where it is."""
    if file.skipped is not None:
        return file.skipped
    if file.combined:
        return COMBINED
    return IGNORED if spec.match_file(file.path) else None


def skipping(patterns: str) -> GitIgnoreSpec:
    """The patterns of the setting `review.skip`."""
    return GitIgnoreSpec.from_lines(pattern.strip() for pattern in patterns.split(","))


@dataclass
class Growing:
    """One review on its way. `is_dismissed`: whether the user has put a finding away."""

    changes: ChangeSet
    settings: ReviewSettings
    is_dismissed: Callable[[Finding], bool]
    model: str = ""
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    interrupted: bool = False

    def __post_init__(self) -> None:
        spec = skipping(self.settings.skip)
        self.skipped = {
            number: why for number, file in enumerate(self.changes.files) if (why := why_skipped(file, spec))
        }
        self._severities = _names(self.settings.ignore_severities)
        self._categories = _names(self.settings.ignore_categories)
        self._found: list[Finding] = []
        self._waiting: Counter[tuple[int, int]] = Counter()
        self._asked: set[tuple[int, int]] = set()

    def expect(self, places: Iterable[tuple[int, int]]) -> None:
        """What is going to be read: file and hunk, once for each piece of it."""
        self._waiting.update(places)
        self._asked |= set(self._waiting)

    def has_read(self, place: tuple[int, int], found: Iterable[Finding]) -> None:
        """A piece of a hunk was read, with these findings."""
        self._waiting[place] -= 1
        for finding in found:
            self.add(finding)

    def add(self, finding: Finding) -> None:
        """Take a finding in; of two about the same line and matter the rule's, else the surer one, is kept."""
        same = next((other for other in self._found if _are_same(finding, other)), None)
        if same is None:
            self._found.append(finding)
        elif same.origin is not Origin.RULE and finding.confidence > same.confidence:
            self._found[self._found.index(same)] = finding

    def replace(self, old: Finding, new: Finding) -> None:
        """Put a finding in another's place."""
        if old in self._found:
            self._found[self._found.index(old)] = new

    def is_folded(self, finding: Finding) -> bool:
        """Whether a finding is kept out of sight."""
        return (
            finding.confidence < self.settings.min_confidence
            or str(finding.severity) in self._severities
            or str(finding.category) in self._categories
            or self.is_dismissed(finding)
        )

    @property
    def review(self) -> Review:
        """The review so far."""
        folded = [finding for finding in self._found if self.is_folded(finding)]
        return Review(
            scope=self.changes.scope,
            findings=ranked(finding for finding in self._found if finding not in folded),
            folded=ranked(folded),
            coverage=self._coverage(),
            dropped=tuple(self.dropped.most_common()),
            model=self.model,
            interrupted=self.interrupted,
            notes=(*self.changes.notes, *self.notes),
        )

    def _coverage(self) -> Coverage:
        files = self.changes.files
        unread = {place for place, count in self._waiting.items() if count > 0}
        whole = {file for file, _ in self._asked} - {file for file, _ in unread}
        return Coverage(
            files=len(files),
            files_read=len(whole),
            hunks=sum(len(file.hunks) for file in files),
            hunks_read=len(self._asked) - len(unread),
            skipped=tuple((files[number].path, why) for number, why in self.skipped.items()),
            left_out=tuple(self.left_out),
        )


def add_by_rule(
    growing: Growing, texts: Mapping[int, tuple[str | None, str | None]], is_stopped: Callable[[], bool] = lambda: False
) -> None:
    """Add what can be told without a model. `texts`: the old and the new text of each file by its number."""
    for number, file in enumerate(growing.changes.files):
        if is_stopped():
            return
        old, new = texts.get(number, (None, None))
        for finding in checks.check(file, old, new, number):
            growing.add(finding)


def _names(setting: str) -> Collection[str]:
    return {name.strip().lower() for name in setting.split(",")} - {""}


def _are_same(one: Finding, other: Finding) -> bool:
    return (one.path, one.line, one.category) == (other.path, other.line, other.category)
