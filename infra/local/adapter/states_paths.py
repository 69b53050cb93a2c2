"""JSONPath in state machines: a path that finds nothing is an error, not null."""

from typing import Any

from infra.local.adapter.symbols import engine_module, wrap

states = engine_module(
    "services.stepfunctions",
    "_ExecutionError",
    "_evaluate_rule",
    "_parse_jsonpath_tokens",
    "_resolve_params_obj",
    "_resolve_path",
)


class PathNotFound(states._ExecutionError):  # type: ignore[misc,name-defined]  # of ministack
    def __init__(self, path: str, error: str = "States.Runtime") -> None:
        super().__init__(error, f"The JSONPath '{path}' could not be found in the input")
        self.path = path


def install() -> None:
    wrap(states, "_resolve_path", strict)
    wrap(states, "_resolve_params_obj", as_parameter_failure)
    wrap(states, "_evaluate_rule", with_presence)


def strict(original: Any) -> Any:
    def resolve(path: str, data: Any) -> Any:
        if path.startswith("$") and path != "$":
            _check(path, data)
        return original(path, data)

    return resolve


def _check(path: str, data: Any) -> None:
    tokens = states._parse_jsonpath_tokens(path)
    if tokens is None:
        raise PathNotFound(path)
    for kind, key in tokens:
        if kind == "wildcard":
            return  # a projection may be empty
        found = (kind == "field" and isinstance(data, dict) and key in data) or (
            kind == "index" and isinstance(data, list) and key < len(data)
        )
        if not found:
            raise PathNotFound(path)
        data = data[key]


def as_parameter_failure(original: Any) -> Any:
    def resolve(template: Any, data: Any, context: Any = None) -> Any:
        try:
            return original(template, data, context)
        except PathNotFound as missing:
            raise PathNotFound(missing.path, "States.ParameterPathFailure") from missing

    return resolve


def with_presence(original: Any) -> Any:
    """IsPresent is the one place where a path may find nothing, and null counts as present."""

    def evaluate(rule: dict[str, Any], data: Any, context: Any = None) -> bool:
        if "IsPresent" not in rule:
            return bool(original(rule, data, context))
        path = rule["Variable"]
        try:
            _check(path[1:], context) if path.startswith("$$.") else _check(path, data)
        except PathNotFound:
            return not rule["IsPresent"]
        return bool(rule["IsPresent"])

    return evaluate
