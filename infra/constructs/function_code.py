"""The zip of one function: the repository with only that function's folder kept, so imports are the same everywhere."""

import shutil
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from infra.constructs.layers import IGNORED, REPOSITORY


class MissingFunction(FileNotFoundError):
    """A stack names a function that has no handler."""


@jsii.implements(ILocalBundling)
class FolderBundling:
    """Copies functions/<name> to the same path inside the zip."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # jsii passes BundlingOptions as keyword arguments; nothing in them matters here
    def try_bundle(self, output_dir: str, *, image: DockerImage, **options: object) -> bool:
        target = Path(output_dir) / self._folder.relative_to(REPOSITORY)
        shutil.copytree(self._folder, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        return True


def function_code(name: str) -> lambda_.Code:
    """Raises MissingFunction, so that a misspelt name fails the synth and not the first call."""
    folder = REPOSITORY / "functions" / name
    if not (folder / "handler.py").is_file():
        raise MissingFunction(f"functions/{name}/handler.py does not exist")
    return lambda_.Code.from_asset(
        str(folder),
        exclude=IGNORED,
        asset_hash_type=AssetHashType.SOURCE,
        bundling=BundlingOptions(image=DockerImage.from_registry("scratch"), local=FolderBundling(folder)),
    )
