"""Parallel as on AWS: the first error of a branch ends the state and stops the others.

ministack waits for every branch before it looks at errors, and takes a branch that was aborted for one that succeeded.
"""

import contextvars
import queue
import threading
from typing import Any

from infra.local.adapter.states_execution import CANCELLED, Aborted
from infra.local.adapter.symbols import engine_module

states = engine_module(
    "services.stepfunctions",
    "_ExecutionError",
    "_apply_input_path",
    "_apply_output_path",
    "_apply_parameters",
    "_apply_result_path",
    "_apply_result_selector",
    "_next_or_end",
    "_run_parallel_branches",
    "_run_sub_machine",
)


def install() -> None:
    states._run_parallel_branches = run_branches


def run_branches(state: dict[str, Any], data: Any, execution: dict[str, Any], ctx: dict[str, Any]) -> Any:
    effective = states._apply_parameters(state, states._apply_input_path(state, data, ctx), ctx)
    results = states._apply_result_selector(state, _outputs(state["Branches"], effective, execution, ctx))
    output = states._apply_result_path(state, data, results)
    return states._apply_output_path(state, output, ctx), states._next_or_end(state)


def _outputs(branches: list[dict[str, Any]], data: Any, execution: dict[str, Any], ctx: dict[str, Any]) -> list[Any]:
    """Of each branch, in their order. Raises what the first branch to fail raised, without waiting for the others."""
    ended: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()
    failed = threading.Event()

    def run(number: int, branch: dict[str, Any]) -> None:
        CANCELLED.set((*CANCELLED.get(), failed))
        try:
            output = states._run_sub_machine(branch["States"], branch["StartAt"], data, execution, ctx)
            ended.put((number, output, None))
        except BaseException as error:
            ended.put((number, None, error))

    for number, branch in enumerate(branches):  # one context per thread: none can be entered twice at a time
        threading.Thread(target=contextvars.copy_context().run, args=(run, number, branch), daemon=True).start()
    outputs: dict[int, Any] = {}
    while len(outputs) < len(branches):
        number, output, error = ended.get()
        if error is not None:
            failed.set()
            raise _as_failure(error)
        outputs[number] = output
    return [outputs[number] for number in range(len(branches))]


def _as_failure(error: BaseException) -> BaseException:
    if isinstance(error, Aborted | states._ExecutionError):
        return error
    failure: BaseException = states._ExecutionError("States.BranchFailed", str(error))
    return failure
