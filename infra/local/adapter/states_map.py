"""An inline Map as on AWS: its concurrency may come from the input, and the first error ends it and stops the others.

ministack knows no MaxConcurrencyPath, waits for every iteration before it looks at errors, and has no limits. What AWS
would queue beyond 40 at once is refused here: a definition that counts on more is wrong.
"""

import contextvars
import copy
import queue
import threading
from typing import Any

from infra.local.adapter.states_execution import CANCELLED, Aborted, check_alive
from infra.local.adapter.symbols import engine_module

states = engine_module(
    "services.stepfunctions",
    "_ExecutionError",
    "_apply_input_path",
    "_apply_output_path",
    "_apply_result_path",
    "_apply_result_selector",
    "_next_or_end",
    "_resolve_params_obj",
    "_resolve_path_or_ctx",
    "_run_map_items",
    "_run_sub_machine",
)

# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html; an execution's events limit the items
MOST_AT_ONCE = 40
MOST_ITEMS = 1_000


def install() -> None:
    states._run_map_items = run_items


def run_items(state: dict[str, Any], data: Any, execution: dict[str, Any], ctx: dict[str, Any]) -> Any:
    effective = states._apply_input_path(state, data, ctx)
    items = states._resolve_path_or_ctx(state.get("ItemsPath", "$"), effective, ctx)
    at_once = _at_once(state, effective, ctx)
    _check_limits(state["ItemProcessor"], items, at_once)
    outputs = _Iterations(state, effective, items, execution, ctx).outputs(at_once or MOST_AT_ONCE)
    results = states._apply_result_selector(state, outputs)
    output = states._apply_result_path(state, data, results)
    return states._apply_output_path(state, output, ctx), states._next_or_end(state)


def _at_once(state: dict[str, Any], effective: Any, ctx: dict[str, Any]) -> Any:
    if "MaxConcurrencyPath" in state:
        return states._resolve_path_or_ctx(state["MaxConcurrencyPath"], effective, ctx)
    return state.get("MaxConcurrency", 0)


def _check_limits(processor: dict[str, Any], items: Any, at_once: Any) -> None:
    if processor.get("ProcessorConfig", {}).get("Mode", "INLINE") != "INLINE":
        _refuse("only an inline Map is offered")
    if not isinstance(items, list):
        _refuse("its items are no array")
    if type(at_once) is not int or not 0 <= at_once <= MOST_AT_ONCE:
        _refuse(f"{at_once!r} iterations at once; at most {MOST_AT_ONCE} are")
    if len(items) > MOST_ITEMS:
        _refuse(f"{len(items)} items; an inline Map is for at most {MOST_ITEMS}")


def _refuse(reason: str) -> None:
    raise states._ExecutionError("States.Runtime", f"Map: {reason}")


class _Iterations:
    def __init__(
        self, state: dict[str, Any], effective: Any, items: list[Any], execution: dict[str, Any], ctx: dict[str, Any]
    ) -> None:
        self._state, self._effective, self._items = state, effective, items
        self._execution, self._ctx = execution, ctx
        self._next = iter(range(len(items)))
        self._lock = threading.Lock()
        self._failed = threading.Event()
        self._ended: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()

    def outputs(self, at_once: int) -> list[Any]:
        """In the order of the items. Raises what the first iteration to fail raised."""
        for _ in range(min(at_once, len(self._items))):  # one context per thread: none can be entered twice at a time
            threading.Thread(target=contextvars.copy_context().run, args=(self._work,), daemon=True).start()
        outputs: dict[int, Any] = {}
        while len(outputs) < len(self._items):
            number, output, error = self._ended.get()
            if error is not None:
                self._failed.set()
                raise _as_failure(error)
            outputs[number] = output
        return [outputs[number] for number in range(len(self._items))]

    def _work(self) -> None:
        CANCELLED.set((*CANCELLED.get(), self._failed))
        while (number := self._take()) is not None:
            try:
                check_alive()
                self._ended.put((number, self._run(number), None))
            except BaseException as error:
                self._ended.put((number, None, error))
                return

    def _take(self) -> int | None:
        with self._lock:
            return next(self._next, None)

    def _run(self, number: int) -> Any:
        item = self._items[number]
        ctx = copy.deepcopy(self._ctx)
        ctx["Map"] = {"Item": {"Index": number, "Value": item}}
        selector = self._state.get("ItemSelector")
        given = states._resolve_params_obj(selector, self._effective, ctx) if selector else item
        processor = self._state["ItemProcessor"]
        return states._run_sub_machine(processor["States"], processor["StartAt"], given, self._execution, ctx)


def _as_failure(error: BaseException) -> BaseException:
    if isinstance(error, Aborted | states._ExecutionError):
        return error
    failure: BaseException = states._ExecutionError("States.MapFailed", str(error))
    return failure
