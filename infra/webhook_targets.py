"""Context `webhookTargets`: queues and buses outside our stacks that tenants may have their events sent to."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sluice.config import RegisteredTarget, read_targets

MAX_SETTING = 2_000  # characters: the variables of a function have 4 KB in all
# CloudFormation begins the names it makes with the stack's. Our functions may send to queues of ours, so a tenant
# that could name one would have them do it in its place.
_OURS = re.compile(r"sluice-(local|dev|staging|prod)-.*")


@dataclass(frozen=True)
class WebhookTargets:
    setting: str  # JSON, as functions get it
    queue_arns: tuple[str, ...]
    bus_arns: tuple[str, ...]


def read_webhook_targets(context: object) -> WebhookTargets:
    """From JSON text (`-c`) or an object (cdk.json): {alias: {"arn", "tenants": [...] | "*"}}. Raises ValueError."""
    text = context if isinstance(context, str) else json.dumps(context if context is not None else {})
    targets = read_targets(text)
    for alias, target in targets.items():
        _require_foreign(alias, target)
    setting = _compact(targets)
    if len(setting) > MAX_SETTING:
        raise ValueError(f"{len(setting)} characters of targets: a function's settings take {MAX_SETTING}")
    arns = sorted({target.arn for target in targets.values()})
    return WebhookTargets(
        setting=setting,
        queue_arns=tuple(arn for arn in arns if ":sqs:" in arn),
        bus_arns=tuple(arn for arn in arns if ":events:" in arn),
    )


def _require_foreign(alias: str, target: RegisteredTarget) -> None:
    resource = target.arn.split(":", 5)[5]
    if resource == "event-bus/default":
        # rules of everything else in that account listen there, and a tenant must not be able to start them
        raise ValueError(f"{alias}: the default bus of an account is no target; name a bus of its own")
    name = resource.removeprefix("event-bus/")
    if _OURS.fullmatch(name):
        raise ValueError(f"{alias}: {name} is internal, by its name: no queue or bus of our own stacks is a target")


def _compact(targets: Mapping[str, RegisteredTarget]) -> str:
    plain = {alias: target.model_dump(mode="json") for alias, target in targets.items()}
    return json.dumps(plain, separators=(",", ":"), sort_keys=True)
