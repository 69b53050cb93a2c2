"""What a job decided about quality: one constant-quality factor (CRF) per rendition, and which renditions are made."""

from datetime import datetime

from sluice.domain.models import Model


class RungChoice(Model):
    """Of one rendition. `vmaf` (0-100) and `kbps` are what the samples promise at `crf`."""

    name: str
    crf: int
    vmaf: float | None = None  # None: not sampled
    kbps: int | None = None
    kept: bool = True  # False: it would have added nothing to the rendition above it


class QualityChoice(Model):
    """Stored once per job that asked for `quality: per_title`; an attempt that comes later takes it as it is."""

    tenant_id: str
    job_id: str
    sampled: bool  # False: the source is too short to be worth it, and every rung keeps its default
    rungs: tuple[RungChoice, ...]
    created_at: datetime
