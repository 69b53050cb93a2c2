"""An execution's life: timeouts and StopExecution reach the work in flight, StartExecution is idempotent."""

import contextvars
import json
import threading
import time
from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

states = engine_module(
    "services.stepfunctions",
    "_ExecutionError",
    "_add_event",
    "_emit_execution_status_event",
    "_error_matches",
    "_executions",
    "_fail_execution",
    "_invoke_resource_with_timeout",
    "_resolve_state_machine_arn",
    "_run_execution",
    "_scaled_sleep",
    "_start_execution",
    "_state_machines",
)
responses = engine_module("core.responses", "get_account_id", "get_region", "json_response", "now_iso")

EXECUTION: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("execution", default=None)
# Of everything that this thread works within: a state with a timeout, a Parallel whose other branch failed.
CANCELLED: contextvars.ContextVar[tuple[threading.Event, ...]] = contextvars.ContextVar("cancelled", default=())
NAP_S = 0.1
UNCATCHABLE = ("States.Runtime", "States.DataLimitExceeded")  # neither States.ALL nor States.TaskFailed matches these


class Aborted(BaseException):
    """The execution or this task was ended from outside. No state's Catch sees it, hence a BaseException."""


def install() -> None:
    wrap(states, "_run_execution", with_lifecycle)
    wrap(states, "_fail_execution", only_while_running)
    wrap(states, "_invoke_resource_with_timeout", with_cancellation)
    wrap(states, "_start_execution", idempotent)
    states._scaled_sleep = nap
    states._error_matches = error_matches


def execution() -> dict[str, Any]:
    """The execution that this thread works for."""
    current = EXECUTION.get()
    if current is None:
        raise RuntimeError("no execution in this context")
    return current


def states_role() -> str:
    return str(states._state_machines[execution()["stateMachineArn"]]["roleArn"])


def check_alive() -> None:
    if execution()["status"] != "RUNNING" or any(cancelled.is_set() for cancelled in CANCELLED.get()):
        raise Aborted


def nap(seconds: float) -> None:
    """A Wait or a retry interval that ends early when the execution does."""
    deadline = time.monotonic() + seconds
    while True:
        check_alive()
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, NAP_S))


def with_lifecycle(original: Any) -> Any:
    def run_execution(execution_arn: str) -> None:
        current = states._executions.get(execution_arn)
        EXECUTION.set(current)
        timer = _time_out_later(current) if current else None
        try:
            original(execution_arn)
        except Aborted:
            return
        finally:
            if timer:
                timer.cancel()

    return run_execution


def _time_out_later(current: dict[str, Any]) -> threading.Timer | None:
    """TimeoutSeconds of the whole state machine, which ministack ignores."""
    machine = states._state_machines.get(current["stateMachineArn"])
    seconds = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
    if not seconds:
        return None
    run = contextvars.copy_context().run
    timer = threading.Timer(seconds, lambda: run(_time_out, current))
    timer.daemon = True
    timer.start()
    return timer


def _time_out(current: dict[str, Any]) -> None:
    if current["status"] == "RUNNING":
        current.update(status="TIMED_OUT", stopDate=responses.now_iso(), error="States.Timeout")
        states._add_event(current, "ExecutionTimedOut", {"executionTimedOutEventDetails": {"error": "States.Timeout"}})
        states._emit_execution_status_event(current)


def only_while_running(original: Any) -> Any:
    """An execution that was stopped or timed out stays so, whatever its last state reports."""

    def fail(current: dict[str, Any], error: str, cause: str) -> None:
        if current["status"] == "RUNNING":
            original(current, error, cause)

    return fail


def with_cancellation(original: Any) -> Any:
    """A state that timed out tells the work that it started, which ministack leaves running."""

    def invoke(resource: str, data: Any, timeout: float) -> Any:
        cancelled = threading.Event()
        token = CANCELLED.set((*CANCELLED.get(), cancelled))
        try:
            return original(resource, data, timeout)
        except states._ExecutionError as error:
            if error.error == "States.Timeout":
                cancelled.set()
            raise
        finally:
            CANCELLED.reset(token)

    return invoke


def error_matches(error_equals: list[str], error: str) -> bool:
    if error in error_equals:
        return True
    if error in UNCATCHABLE:
        return False
    return "States.ALL" in error_equals or ("States.TaskFailed" in error_equals and error != "States.Timeout")


def idempotent(original: Any) -> Any:
    """The same name with the same input while the execution runs is a success, not ExecutionAlreadyExists."""

    def start(data: dict[str, Any]) -> Any:
        machine_arn = states._resolve_state_machine_arn(data.get("stateMachineArn", ""))
        if machine_arn and data.get("name"):
            scope = f"{responses.get_region()}:{responses.get_account_id()}"
            name = f"{states._state_machines[machine_arn]['name']}:{data['name']}"
            running = states._executions.get(f"arn:aws:states:{scope}:execution:{name}")
            if running and running["status"] == "RUNNING" and running["input"] == data.get("input", "{}"):
                answer = {"executionArn": running["executionArn"], "startDate": running["startDate"]}
                return responses.json_response(answer)
        return original(data)

    return start
