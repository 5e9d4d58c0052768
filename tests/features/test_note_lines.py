"""What is written down of a turn, and which lines go first."""

from hypothesis import given
from hypothesis import strategies as st

from termcoder.bench.memory_talk import TALK
from termcoder.conversation import Attachment, Turn
from termcoder.features.note_lines import LONGEST, Worth, lines_of, merged, sentences, within, worth


def lines(question: str, answer: str = "") -> list[str]:
    return lines_of(Turn("t", question, answer))


def test_what_is_told_is_kept_word_for_word_and_questions_are_marked() -> None:
    assert lines("It listens on port 8443. How do I open a file?", "With `open`. It returns an object.") == [
        "- It listens on port 8443.",
        "- Asked: How do I open a file?",
        "- Answered: With `open`.",
    ]


def test_a_sentence_that_leans_on_the_one_before_stays_with_it() -> None:
    assert lines("How do I rotate a log? Ours is /var/log/app.jsonl.") == [
        "- How do I rotate a log? Ours is /var/log/app.jsonl."
    ]


def test_code_is_left_out_also_where_its_fence_never_ends() -> None:
    question = "Why does this fail?\n```python\nport = 1\n```\nWe use Python 3.12.\n\n~~~\nport = 2"
    assert sentences(question) == ["Why does this fail?", "We use Python 3.12."]


def test_of_a_pasted_log_only_the_ends_are_kept_and_that_is_said() -> None:
    log = "\n".join(f"INFO request {n} took {n} ms" for n in range(300))
    found = lines(f"We see this at night.\n{log}\nWhat is wrong?")
    assert found[0] == "- We see this at night."
    assert found[8] == "- … 286 more lines …"
    assert found[-1] == "- Asked: What is wrong?"
    assert len(found) == 17
    assert worth(found[8]) is Worth.QUESTION


def test_attached_files_are_named() -> None:
    turn = Turn("t", "What is @a.py for?", attachments=(Attachment("a.py", "one = 1\n"),))
    assert lines_of(turn)[0] == "- Asked: about a.py"


def test_abbreviations_paths_and_versions_do_not_end_a_sentence() -> None:
    said = "Our host is stg-14.harbour.example, e.g. for v1.2 tests."
    assert sentences(said) == [said]


def test_every_way_of_telling_is_worth_more_than_a_plain_question() -> None:
    told = [
        "- We ship every Thursday.",
        "- Asked: Since our queue is named pier-events, how would I read it?",
        "- Asked: Write an enum of roles, our admin role is spelled quaymaster.",
    ]
    assert all(worth(line) >= Worth.TELLING_QUESTION for line in told)
    assert worth("- Asked: how would I read it?") is Worth.QUESTION
    assert worth("- Answered: With open.") is Worth.ANSWER
    assert worth("Never touch the legacy folder") is Worth.USERS_OWN


def test_all_twenty_values_of_the_trial_stand_in_lines_that_go_last() -> None:
    note = "\n".join(line for told in TALK for line in lines(told.question) if worth(line) >= Worth.TELLING_QUESTION)
    assert [told.value for told in TALK if told.value not in note] == []


def test_lines_of_little_worth_go_first_and_the_oldest_of_them() -> None:
    text = "\n".join([*lines("We use tabs. Why?", "So."), *lines("Port 80 is taken. Why?", "Well.")])
    assert within(text, 5, lambda line: 0).splitlines() == [
        "(1 line was left out)",
        "- We use tabs.",
        "- Asked: Why?",
        "- Port 80 is taken.",
        "- Asked: Why?",
        "- Answered: Well.",
    ]


def test_what_was_left_out_is_counted_over_several_times() -> None:
    once = within("- a\n- b\n- c", 2, lambda line: 0)
    assert once == "(1 line was left out)\n- b\n- c"
    assert within(merged(once, ["- d"]), 2, lambda line: 0) == "(2 lines were left out)\n- c\n- d"


@given(st.lists(st.text(), max_size=8), st.integers(0, 200))
def test_a_note_never_takes_more_than_its_limit_and_counts_what_goes(questions: list[str], limit: int) -> None:
    def cost(line: str) -> int:
        return len(line)

    text = ""
    for question in questions:
        text = merged(text, lines(question))
    before = len(text.splitlines())
    kept = within(text, limit, cost).splitlines()
    gone = 0
    if kept and kept[0].endswith("left out)"):
        gone = int(kept.pop(0)[1:].split()[0])
    assert gone + len(kept) == before
    assert sum(cost(line) + 1 for line in kept) <= limit


@given(st.text())
def test_any_text_makes_lines_of_a_bounded_length(text: str) -> None:
    for line in lines(text, text):
        assert len(line) <= LONGEST + 20
        assert len(line.splitlines()) == 1


def test_the_same_thing_told_twice_is_written_down_once() -> None:
    assert merged("- We use tabs.", ["- We use tabs.", "- We use ruff."]) == "- We use tabs.\n- We use ruff."
