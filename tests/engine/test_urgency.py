"""Which requests a step of the model serves, with a scheduler that keeps lists as vLLM's does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from termcoder.engine.base import BACKGROUND
from termcoder.engine.urgency import one_step


@dataclass(order=True, eq=True, unsafe_hash=True)
class FakeRequest:
    priority: int
    name: str
    status: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(name="WAITING"), compare=False)


class Waiting(list[FakeRequest]):
    def add_request(self, request: FakeRequest) -> None:
        self.append(request)

    def remove_requests(self, requests: list[FakeRequest]) -> None:
        self[:] = [request for request in self if request not in requests]


@dataclass
class FakeScheduler:
    running: list[FakeRequest]
    waiting: Waiting
    seen: list[str] = field(default_factory=list)
    tokens: int = 1

    def schedule(self) -> SimpleNamespace:
        self.seen = sorted(request.name for request in (*self.running, *self.waiting))
        return SimpleNamespace(total_num_scheduled_tokens=self.tokens)

    def _preempt_request(self, request: FakeRequest, timestamp: float) -> None:
        assert timestamp > 0
        self.waiting.add_request(request)


def scheduler(running: dict[str, int], waiting: dict[str, int]) -> FakeScheduler:
    return FakeScheduler(
        [FakeRequest(priority, name) for name, priority in running.items()],
        Waiting(FakeRequest(priority, name) for name, priority in waiting.items()),
    )


def names(requests: list[FakeRequest]) -> list[str]:
    return sorted(request.name for request in requests)


@pytest.mark.parametrize(
    ("running", "waiting", "seen"),
    [
        ({}, {}, []),
        ({"a": BACKGROUND}, {"b": BACKGROUND}, ["a", "b"]),
        ({"a": BACKGROUND, "b": BACKGROUND}, {"chat": 0, "c": BACKGROUND}, ["chat"]),
        ({"a": BACKGROUND, "chat": 0}, {"b": BACKGROUND}, ["chat"]),
        ({"a": 2 * BACKGROUND, "b": BACKGROUND}, {"c": BACKGROUND + 7}, ["b", "c"]),  # 7 is only for the queue
    ],
)
def test_only_the_most_urgent_are_served(running: dict[str, int], waiting: dict[str, int], seen: list[str]) -> None:
    made = scheduler(running, waiting)
    one_step(made, made.schedule)
    assert made.seen == seen
    assert names(made.running) == sorted(running)
    assert names(made.waiting) == sorted(waiting)


def test_one_that_can_not_begin_yet_holds_nobody_back() -> None:
    made = scheduler({"a": BACKGROUND}, {"chat": 0})
    made.waiting[0].status.name = "WAITING_FOR_STRUCTURED_OUTPUT_GRAMMAR"
    one_step(made, made.schedule)
    assert made.seen == ["a", "chat"]


def test_one_that_can_not_begin_yet_is_seen_when_alone() -> None:
    made = scheduler({}, {"a": BACKGROUND})
    made.waiting[0].status.name = "WAITING_FOR_STRUCTURED_OUTPUT_GRAMMAR"
    one_step(made, made.schedule)
    assert made.seen == ["a"]


def test_the_least_urgent_gives_up_its_room_where_the_urgent_find_none() -> None:
    made = scheduler({"a": BACKGROUND, "b": 2 * BACKGROUND, "c": BACKGROUND}, {"chat": 0})
    made.tokens = 0
    one_step(made, made.schedule)
    assert names(made.running) == ["a", "c"]
    assert names(made.waiting) == ["b", "chat"]


def test_a_step_without_tokens_is_no_matter_where_nobody_is_held_back() -> None:
    made = scheduler({"a": BACKGROUND}, {})
    made.tokens = 0
    one_step(made, made.schedule)
    assert names(made.running) == ["a"]


def test_what_was_held_back_is_there_again_after_an_error() -> None:
    made = scheduler({"a": BACKGROUND, "chat": 0}, {"b": 10})

    def failing() -> SimpleNamespace:
        raise RuntimeError("the model is gone")

    schedule: Callable[[], SimpleNamespace] = failing
    with pytest.raises(RuntimeError):
        one_step(made, schedule)
    assert names(made.running) == ["a", "chat"]
    assert names(made.waiting) == ["b"]
