"""An execution ends with its 25,000th event, as on AWS, where nothing catches that.

ministack writes fewer events than AWS (none of states inside a Map or a Parallel), so they are counted, not read.
"""

import threading
from collections import Counter
from typing import Any

from infra.local.adapter.states_execution import EXECUTION, Aborted
from infra.local.adapter.symbols import engine_module, wrap

states = engine_module(
    "services.stepfunctions",
    "_add_event",
    "_execute_choice",
    "_execute_map",
    "_execute_parallel",
    "_execute_pass",
    "_execute_task",
    "_execute_wait",
    "_fail_execution",
    "_run_sub_machine",
)

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MOST_EVENTS = 25_000
# of each state, its entering and leaving; a Map and a Parallel also start and succeed
STATES = {
    "_execute_pass": 2,
    "_execute_choice": 2,
    "_execute_wait": 2,
    "_execute_task": 2,
    "_execute_map": 4,
    "_execute_parallel": 4,
}
OF_A_TRY = 4  # of a Task: it is scheduled, started, submitted, and ends
OF_AN_ITERATION = 2  # of a Map, or a branch

_lock = threading.Lock()
_counts: Counter[str] = Counter()  # by execution


def install() -> None:
    for handler, events in STATES.items():
        wrap(states, handler, _counting(events))
    wrap(states, "_run_sub_machine", _counting(OF_AN_ITERATION))
    wrap(states, "_add_event", with_tries)


def _counting(events: int) -> Any:
    def make(original: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            if current := EXECUTION.get():  # none where a single state is tried out
                count(current, events)
            return original(*args, **kwargs)

        return run

    return make


def with_tries(original: Any) -> Any:
    def add(current: dict[str, Any], event_type: str, details: Any = None) -> Any:
        if event_type == "TaskScheduled":
            count(current, OF_A_TRY)
        return original(current, event_type, details)

    return add


def count(current: dict[str, Any], events: int) -> None:
    """Raises Aborted once there are too many."""
    arn = current["executionArn"]
    with _lock:
        _counts[arn] += events
        full = _counts[arn] > MOST_EVENTS
    if full:
        cause = f"The execution reached the maximum number of history events ({MOST_EVENTS})."
        states._fail_execution(current, "States.Runtime", cause)
        raise Aborted
