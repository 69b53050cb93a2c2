"""What a job has published, as rows and objects tell it: one whole version, of one attempt."""

import re
from collections.abc import Iterator

from sluice.domain.models import Asset, AssetVersion, Job, Rendition
from sluice.domain.states import AssetState, JobState
from tests.e2e.stacks import Stacks
from tests.media.measure import decoded_frames

SEGMENT_URI = re.compile(r'^(?!#)(\S+)$|URI="([^"]+)"', re.MULTILINE)


class Published:
    def __init__(self, stacks: Stacks, asset: Asset, job: Job) -> None:
        self._stacks, self._asset, self._job = stacks, asset, job
        versions = stacks.versions(asset.tenant_id, asset.id)
        self.full = [version for version in versions if not version.early]
        self.early = [version for version in versions if version.early]

    def wrongs(self) -> Iterator[str]:
        asset, job = self._asset, self._job
        if (asset.state, job.state) != (AssetState.READY, JobState.SUCCEEDED):
            yield f"asset {asset.state}, job {job.state}, {job.error}"
        if [version.id for version in self.full] != [asset.active_version] or asset.active_version != job.version_id:
            yield f"{len(self.full)} full versions, active {asset.active_version}, of the job {job.version_id}"
        if len(self.early) > 1:
            yield f"{len(self.early)} early versions"
        if any(version.attempt != job.attempt for version in self.full):
            yield "a version of another attempt than the job's last"
        yield from self._events()
        for version in (*self.full, *self.early):
            yield from self._whole(version)

    def _events(self) -> Iterator[str]:
        numbers = range(1, self._asset.sequence + 1)
        rows = [self._stacks.records.event(self._asset.tenant_id, self._asset.id, number) for number in numbers]
        told = [row.type if row else "nothing" for row in rows]
        beyond = self._stacks.records.event(self._asset.tenant_id, self._asset.id, len(rows) + 1)
        if told.count("transcode.ready") != 1 or "error.processing" in told or "nothing" in told or beyond:
            yield f"events {told}"

    def _whole(self, version: AssetVersion) -> Iterator[str]:
        playlists = self._keys(version.playlists_prefix)
        wanted = {"master.m3u8", "manifest.mpd", *(f"{one.name}.m3u8" for one in version.renditions)}
        yield from (f"no {name}" for name in wanted - {key.rsplit("/", 1)[-1] for key in playlists})
        yield from self._of_one_attempt(version, playlists)
        yield from self._of_one_attempt(version, self._keys(version.media_prefix))
        yield from (f"no {name}" for name in version.pictures if not self._keys(version.media_prefix + name))
        for rendition in version.renditions:
            yield from self._rendition(version, rendition)

    def _rendition(self, version: AssetVersion, rendition: Rendition) -> Iterator[str]:
        if rendition.version_id not in (None, *(early.id for early in self.early)):
            yield f"{rendition.name} is of {rendition.version_id}"
        listed = self._body(f"{version.playlists_prefix}{rendition.name}.m3u8").decode()
        named = {(plain or quoted).rsplit("/", 1)[-1] for plain, quoted in SEGMENT_URI.findall(listed)}
        prefix = version.rendition_prefix(rendition)
        stored = {key.removeprefix(prefix) for key in self._keys(prefix)}
        if named != stored or len(named) < 2:
            yield f"{rendition.name}: the playlist names {sorted(named)}, stored are {sorted(stored)}"
        elif rendition.kind == "video" and (frames := self._frames(prefix, named)) != version.frames:
            yield f"{rendition.name}: {frames} frames, not {version.frames}"

    def _frames(self, prefix: str, names: set[str]) -> int:
        whole = self._stacks.engine.folder / f"{self._job.id}.mp4"
        ordered = sorted(names, key=lambda name: (not name.startswith("init"), name))
        whole.write_bytes(b"".join(self._body(prefix + name) for name in ordered))
        try:
            return decoded_frames(whole)
        finally:
            whole.unlink()

    def _of_one_attempt(self, version: AssetVersion, keys: list[str]) -> Iterator[str]:
        s3, bucket = self._stacks.engine.client("s3"), self._stacks.outputs["MediaBucket"]
        for key in keys:
            told = s3.head_object(Bucket=bucket, Key=key)["Metadata"]
            if (told["job-id"], told["attempt"]) != (version.job_id, str(version.attempt)):
                yield f"{key} is of attempt {told['attempt']}, its version of {version.attempt}"

    def _keys(self, prefix: str) -> list[str]:
        return self._stacks.stored("MediaBucket", prefix)

    def _body(self, key: str) -> bytes:
        found = self._stacks.engine.client("s3").get_object(Bucket=self._stacks.outputs["MediaBucket"], Key=key)
        body: bytes = found["Body"].read()
        return body
