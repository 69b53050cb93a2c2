"""Media that the early version of the same job has stored already is used again, and never stored twice."""

from pathlib import Path

import pytest

from sluice.domain.models import AssetVersion, Rendition
from sluice.service.early import digest
from sluice.service.ports import Create, Replace
from tests.unit.transcoding import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "scratch")


def digest_of_packaged(folder: Path) -> str:
    """Of what the fake packager writes for any rendition."""
    folder.mkdir()
    for name in ("init.mp4", "seg-00001.m4s", "seg-00002.m4s"):
        (folder / name).write_bytes(b"x" * 1000)
    return digest(folder)


def publish_early(bench: Bench, *, job_id: str, early: bool = True, **digests: str) -> AssetVersion:
    version = AssetVersion(
        id="ver_early",
        tenant_id=bench.tenant,
        asset_id=bench.asset.id,
        job_id=job_id,
        attempt=0,
        duration_s=12.0,
        frames=300,
        renditions=tuple(
            Rendition(name=name, kind="audio" if name == "audio" else "video", codec="avc1", bitrate=1, digest=value)
            for name, value in digests.items()
        ),
        has_poster=False,
        early=early,
        created_at=bench.world.now(),
    )
    asset = bench.asset_now()
    after = asset.model_copy(update={"active_version": version.id, "version": asset.version + 1})
    bench.world.records.commit(Create(version), Replace(after))
    return version


def published(bench: Bench) -> AssetVersion:
    version = bench.world.records.asset_version(bench.tenant, bench.asset.id, bench.asset_now().active_version or "")
    assert version is not None
    return version


def stored_renditions(bench: Bench) -> set[str]:
    return {key.split("/")[4] for key in bench.media.objects if key.startswith("media/") and key.count("/") == 5}


def test_equal_bytes_stay_where_they_are(bench: Bench, tmp_path: Path) -> None:
    early = publish_early(bench, job_id=bench.job_id, v360=digest_of_packaged(tmp_path / "x"), audio="other")
    bench.run()
    version = published(bench)
    assert [(r.name, r.version_id) for r in version.renditions] == [
        ("v360", early.id),
        ("v240", None),
        ("audio", None),  # its bytes came out otherwise
    ]
    assert version.rendition_prefix(version.renditions[0]) == early.media_prefix + "v360/"
    assert stored_renditions(bench) == {"v240", "audio"}
    playlists = {key.rpartition("/")[2] for key in bench.media.objects if key.startswith("playlists/")}
    assert "v360.m3u8" in playlists  # playlists are always the version's own


@pytest.mark.parametrize(("job_id", "early"), [("job_before", True), (None, False)], ids=["other_job", "full_version"])
def test_other_versions_are_no_source_of_bytes(bench: Bench, tmp_path: Path, job_id: str | None, early: bool) -> None:
    """Their media may be deleted with them."""
    publish_early(bench, job_id=job_id or bench.job_id, early=early, v360=digest_of_packaged(tmp_path / "x"))
    bench.run()
    assert [r.version_id for r in published(bench).renditions] == [None] * 3
    assert stored_renditions(bench) == {"v360", "v240", "audio"}
