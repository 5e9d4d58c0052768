"""A review comes back from JSON as it was, and with no other changes than its own."""

import json

from termcoder.edits.patch import FileChange, Patch
from termcoder.review.finding import Coverage, Review
from termcoder.review.saving import findings_of, fingerprint, review_of, to_json
from tests.review.samples import changes_of, file_of, finding

PATCH = Patch((FileChange("app.py", "a\n", "b\n"),))


def test_a_review_survives() -> None:
    shown, folded = finding(suggestion=PATCH), finding(line=3, confidence=0.1)
    changes = changes_of(file_of("app.py", "a\n", "b\n"))
    coverage = Coverage(2, 1, 3, 2, (("x.png", "binary file"),), ("app.py:1-90",))
    review = Review(changes.scope, (shown,), (folded,), coverage, (("would not compile", 2),), "m", True, ("note",))
    kept = json.loads(json.dumps(to_json(review)))
    assert findings_of(kept) == [shown, folded]
    empty = review_of(kept, changes.scope)
    assert (empty.coverage, empty.dropped, empty.model, empty.interrupted, empty.notes) == (
        review.coverage,
        review.dropped,
        review.model,
        review.interrupted,
        review.notes,
    )


def test_other_changes_have_another_fingerprint() -> None:
    made = {
        fingerprint(changes_of(file_of(path, "a\n", after)))
        for path, after in (("app.py", "b\n"), ("app.py", "c\n"), ("other.py", "b\n"))
    }
    assert len(made) == 3


def test_the_suggestion_for_a_huge_file_is_left_out() -> None:
    huge = Patch((FileChange("app.py", "a\n" * 200_000, "b\n"),))
    changes = changes_of(file_of("app.py", "a\n", "b\n"))
    kept = to_json(Review(changes.scope, (finding(suggestion=huge),)))
    assert findings_of(kept)[0].suggestion is None
