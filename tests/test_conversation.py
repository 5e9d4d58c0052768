"""What a conversation is made of."""

from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.conversation import Message, Role, Turn, TurnState, Usage


def test_speed_is_of_the_tokens_after_the_first() -> None:
    assert Usage(10, 21, seconds=2.0).tokens_per_second == 10.0


@settings(deadline=None)
@given(tokens=st.integers(0, 10**6), seconds=st.floats(0, 1e6))
def test_speed_is_never_nonsense(tokens: int, seconds: float) -> None:
    speed = Usage(1, tokens, seconds=seconds).tokens_per_second
    assert speed >= 0
    assert speed == 0 or (tokens > 1 and seconds > 0)


def test_total_is_prompt_and_answer() -> None:
    assert Usage(10, 5, cached_tokens=8).total_tokens == 15


def test_values_compare_and_hash() -> None:
    assert len({Message(Role.USER, "x"), Message(Role.USER, "x"), Message(Role.ASSISTANT, "x")}) == 2
    assert Turn("1", "q") == Turn("1", "q", state=TurnState.COMPLETE)


def test_roles_and_states_are_the_words_that_are_saved() -> None:
    """Chat templates and session files hold these words."""
    assert [role.value for role in Role] == ["system", "user", "assistant"]
    assert [state.value for state in TurnState] == ["complete", "length", "interrupted", "failed"]
