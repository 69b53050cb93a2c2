"""Honest files, damaged at random, through a whole attempt with the real programs.

However it ends, it ends: in a verdict on the file or in a result that plays, and nothing is left behind.
"""

import os
import random
import shutil
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sluice.domain.models import AssetVersion
from sluice.domain.states import AssetState
from sluice.media.playlists import media_duration_s
from sluice.media.verdicts import SourceRejected
from tests.faults.media_corpus import PAIRS, make_corpus, mutate
from tests.media.clips import BINARIES
from tests.media.test_attempt import Attempt

pytestmark = pytest.mark.media
SEEDS = range(min(5000, int(os.environ.get("FAULT_SEEDS", "300"))))  # `make faults` damages five thousand
HANGS_AFTER_S = 60  # far above the half second of an honest one; the product's own deadlines are longer
LONGEST_S = 660  # of a clip of 0.6 s: a damaged clock may stretch it, but a jump of over ten minutes may not pass


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def endings() -> Counter[str]:
    return Counter()


@pytest.mark.parametrize("pair", PAIRS)
def test_whole_it_plays(pair: str, corpus: dict[str, bytes], tmp_path: Path) -> None:
    """Else the damaged ones would show nothing."""
    assert ending(corpus[pair], tmp_path) == "ready"


@pytest.mark.parametrize("place", range(len(PAIRS)), ids=list(PAIRS))
def test_damaged_it_ends(place: int, corpus: dict[str, bytes], endings: Counter[str], tmp_path: Path) -> None:
    pair = list(PAIRS)[place]

    def run(seed: int) -> str:
        started = time.monotonic()
        try:
            code = ending(mutate(corpus[pair], random.Random(seed)), tmp_path / str(seed))
        except Exception as error:
            raise AssertionError(f"{pair}, seed {seed}") from error
        took = time.monotonic() - started
        assert took < HANGS_AFTER_S, f"{pair}, seed {seed}: {took:.0f} s"
        return code

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        endings.update(pool.map(run, SEEDS[place :: len(PAIRS)]))
    running = subprocess.run(["ps", "-A", "-ww", "-o", "args="], check=True, capture_output=True, text=True).stdout
    assert str(tmp_path) not in running


def test_figures(endings: Counter[str], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{sum(endings.values())} damaged files: {dict(endings.most_common())}")
    if len(SEEDS) >= 100:
        assert endings["ready"] > len(SEEDS) / 10, "damage is too heavy to find a false ready"
        assert endings["input.corrupt"] > len(SEEDS) / 10, "damage is too light to find anything"


def ending(source: bytes, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    attempt = Attempt(source, folder / "scratch")
    try:
        attempt.run()
    except SourceRejected as verdict:
        asset = attempt.records.asset(attempt.asset.tenant_id, attempt.asset.id)
        assert asset is not None and asset.state is not AssetState.READY
        # a copy may have been published before the encoder found the damage; whoever fails the job withdraws it
        early = f"/{asset.active_version}/" if asset.active_version else "nothing"
        assert [key for key in attempt.media.objects if early not in key] == []
        result = attempt.records.job_result(attempt.job.tenant_id, attempt.job.id, 1)
        assert result is not None and result.error is not None and result.error.code == verdict.code
        code = verdict.code
    else:
        check_playable(attempt, folder)
        code = "ready"
    assert list(attempt.deps.scratch.iterdir()) == []
    shutil.rmtree(folder)
    return code


def check_playable(attempt: Attempt, folder: Path) -> None:
    asset = attempt.records.asset(attempt.asset.tenant_id, attempt.asset.id)
    assert asset is not None and asset.state is AssetState.READY and asset.active_version is not None
    version = attempt.records.asset_version(asset.tenant_id, asset.id, asset.active_version)
    assert version is not None and version.renditions
    assert 0 < version.duration_s < LONGEST_S
    objects = attempt.media.objects
    assert {version.playlists_prefix + name for name in ("master.m3u8", "manifest.mpd")} <= objects.keys()
    for rendition in version.renditions:
        assert media_duration_s(objects[f"{version.playlists_prefix}{rendition.name}.m3u8"].body.decode()) > 0
        prefix = version.rendition_prefix(rendition)
        segments = sorted(key for key in objects if key.startswith(f"{prefix}seg-"))
        whole = [objects[f"{prefix}init.mp4"].body, *(objects[key].body for key in segments)]
        joined = folder / "joined.mp4"
        joined.write_bytes(b"".join(whole))
        check_decodes(joined, rendition.kind, version)
        joined.unlink()


def check_decodes(path: Path, kind: str, version: AssetVersion) -> None:
    counted = ("-count_frames", "-show_entries", "stream=codec_type,nb_read_frames", "-of", "csv=p=0")
    argv = [BINARIES.ffprobe, "-v", "error", *counted, str(path)]
    answer = subprocess.run(argv, check=True, capture_output=True, text=True)
    assert answer.stderr == ""
    found, frames = answer.stdout.strip().split(",")
    assert found == kind
    assert int(frames) == version.frames if kind == "video" else int(frames) > 0
