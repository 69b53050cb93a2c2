"""A long job's work in parts: the plan that one attempt makes, and what became of each part.

A part is a chunk of the picture, or all of the sound. Its row is made once, by the run that finished first, and names
that run's files; so a late run can neither mix nor overwrite anything, and what is finished stays.
"""

from datetime import datetime

from sluice.domain.models import Model

AUDIO_PART = "audio"


class ChunkPlan(Model):
    id: str
    tenant_id: str
    job_id: str
    attempt: int  # of the job, which made it
    chunks: int
    sound: bool
    work: str  # JSON of media.chunks.ChunkedPlan
    piece_bytes: int = 0  # of the largest piece; 0: not measured
    created_at: datetime
    version: int = 1

    @property
    def parts(self) -> tuple[str, ...]:
        """Names, the longest-running part first."""
        chunks = tuple(str(number) for number in range(self.chunks))
        return (AUDIO_PART, *chunks) if self.sound else chunks

    def piece_key(self, number: int, *, copied: bool = False) -> str:
        """Of a chunk's piece of the source, or of its copy, in the media bucket."""
        return f"{self._prefix}pieces/{number:04d}.{'mp4' if copied else 'nut'}"

    def result_key(self, part: str, run_id: str, rendition: str) -> str:
        return f"{self._prefix}parts/{part}/{run_id}/{rendition}.mp4"

    @property
    def _prefix(self) -> str:
        return f"work/{self.tenant_id}/{self.job_id}/{self.id}/"


class ChunkPart(Model):
    tenant_id: str
    job_id: str
    plan_id: str
    name: str
    run_id: str  # whose files count
    frames: int
    renditions: tuple[str, ...]  # names; empty for a sound track without sound, and for a chunk that does not fit
    size_bytes: int = 0  # of all its files; 0: not measured
    created_at: datetime
    version: int = 1

    @property
    def fits(self) -> bool:
        """False for a chunk without the frames of the copied rendition: nothing of this plan can be published."""
        return self.name == AUDIO_PART or bool(self.renditions)


ChunkRecord = ChunkPlan | ChunkPart


def part_unit(plan_id: str, part: str) -> str:
    """What the result rows of a part's attempts are kept under."""
    return f"{plan_id}#{part}"


def is_part(unit: str) -> bool:
    """One of the job's parts, which another task could do as well."""
    return "#" in unit and unit.rpartition("#")[2] not in (LEFT_UNIT, ASSEMBLE_UNIT)


LEFT_UNIT, ASSEMBLE_UNIT = "left", "assemble"  # in the place of a part: all unfinished ones in one task; joining them
