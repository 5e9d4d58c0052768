"""Requests of a later class of priority stand still while a more urgent one is under way.

vLLM 0.32 goes by priority only among requests that wait to be taken in: those taken in go on with their prompts before
a new one gets its turn, and a full batch lets nobody in. On a CPU, where reading prompts takes seconds, a question of
the user would wait for a good part of a review.
"""

import time
from collections.abc import Callable
from typing import Any

from termcoder.engine.base import PRIORITY_CLASS


def urgent_first() -> None:
    """In the engine core, before it starts: let each step of the model serve the most urgent requests only."""
    from vllm.v1.core.sched.scheduler import Scheduler

    schedule = Scheduler.schedule

    def schedule_urgent(self: Any, *arguments: Any, **named: Any) -> Any:
        return one_step(self, lambda: schedule(self, *arguments, **named))

    Scheduler.schedule = schedule_urgent


def one_step(scheduler: Any, schedule: Callable[[], Any]) -> Any:
    """What vLLM's `schedule` returns for a step of the most urgent requests, while it doesn't see the others."""
    running, waiting = _held_back(scheduler)
    if running:
        scheduler.running = [request for request in scheduler.running if request not in running]
    if waiting:
        scheduler.waiting.remove_requests(waiting)
    try:
        output = schedule()
    finally:
        scheduler.running.extend(running)
        for request in waiting:
            scheduler.waiting.add_request(request)
    if running and not output.total_num_scheduled_tokens:
        _make_room(scheduler, max(running))
    return output


def _held_back(scheduler: Any) -> tuple[list[Any], list[Any]]:
    """The requests that have begun and those that wait, as far as they are less urgent than the most urgent one."""
    ready = [*scheduler.running, *filter(_is_ready, scheduler.waiting)]
    if not ready:
        return [], []
    most_urgent = min(map(_class_of, ready))
    return (
        [request for request in scheduler.running if _class_of(request) > most_urgent],
        [request for request in scheduler.waiting if _class_of(request) > most_urgent],
    )


def _class_of(request: Any) -> int:
    return int(request.priority) // PRIORITY_CLASS


def _is_ready(request: Any) -> bool:
    """Whether it could begin: one whose grammar is still being compiled holds nobody back."""
    return request.status.name in ("WAITING", "PREEMPTED")


def _make_room(scheduler: Any, request: Any) -> None:
    """Give up what the cache holds of a request that was held back: the urgent ones found no room in it."""
    scheduler.running.remove(request)
    scheduler._preempt_request(request, time.monotonic())
