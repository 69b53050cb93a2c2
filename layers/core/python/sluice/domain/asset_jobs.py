"""The way from an asset to its jobs."""

from sluice.domain.models import Model


class AssetJob(Model):
    """Which jobs an asset ever had: a pointer beside each job, written with it and never changed."""

    tenant_id: str
    asset_id: str
    job_id: str
