"""Which upload a file belongs to, kept on disk so that another process can go on with it. Holds no secret."""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from sluice_client.errors import FileChanged

FORMAT = 1


@dataclass(frozen=True)
class Source:
    """A file as it was found; another size or time of change means another file."""

    path: str  # absolute
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> "Source":
        """Raises OSError; ValueError for what is no file."""
        resolved = path.resolve(strict=True)
        if not resolved.is_file():
            raise ValueError(f"not a file: {path}")
        found = resolved.stat()
        return cls(str(resolved), found.st_size, found.st_mtime_ns)

    def check_unchanged(self) -> None:
        """Raises FileChanged."""
        try:
            now = Source.of(Path(self.path))
        except (OSError, ValueError):
            now = None
        if now != self:
            raise FileChanged(f"{self.path} changed while it was sent")


@dataclass(frozen=True)
class Resumable:
    source: Source
    base_url: str
    idempotency_key: str
    upload_id: str | None = None  # None: asked for, and the answer never seen
    checksummed: bool = False  # the upload was asked for with a CRC32C, so that each part needs one

    def is_of(self, source: Source, base_url: str) -> bool:
        """The same place, whatever stands there now."""
        return (self.source.path, self.base_url) == (source.path, base_url)


class StateFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Resumable | None:
        """None also for a file that is damaged or of another format: the upload starts anew then."""
        try:
            data = json.loads(self._path.read_text(encoding="utf-8"))
            if data.pop("format") != FORMAT:
                return None
            return Resumable(Source(**data.pop("source")), **data)
        except (FileNotFoundError, KeyError, TypeError, ValueError, AttributeError):
            return None

    def write(self, resumable: Resumable) -> None:
        """Whole or not at all, also when the machine stops."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)  # readable by its owner only
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"format": FORMAT, **asdict(resumable)}, file)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def default_state_path(source: Source, base_url: str) -> Path:
    """One for each file and API, in the user's state folder."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    name = hashlib.sha256(f"{base_url}\n{source.path}".encode()).hexdigest()[:40]
    return folder / "sluice" / "uploads" / f"{name}.json"
