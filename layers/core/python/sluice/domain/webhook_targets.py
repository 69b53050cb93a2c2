"""Queues and buses that the operator registered, each under an alias and for chosen tenants."""

from collections.abc import Mapping

from sluice.domain.errors import UrlNotAllowed
from sluice.domain.models import Model

SCHEME = "alias:"  # an endpoint's `url` is then `alias:<name>`


class WebhookTarget(Model):
    arn: str  # of an SQS queue or an EventBridge bus
    tenants: frozenset[str] | None  # None: every tenant

    def serves(self, tenant_id: str) -> bool:
        return self.tenants is None or tenant_id in self.tenants


def find_target(url: str, tenant_id: str, targets: Mapping[str, WebhookTarget]) -> WebhookTarget | None:
    """None: `url` is no alias. Raises UrlNotAllowed, which does not tell another tenant's alias from an unknown one."""
    if not url.startswith(SCHEME):
        return None
    target = targets.get(url.removeprefix(SCHEME))
    if target is None or not target.serves(tenant_id):
        raise UrlNotAllowed("No target of this alias is registered for this tenant.")
    return target
