"""What a killed engine leaves behind: task processes and temporary folders."""

import shutil
from pathlib import Path

from infra.local.processes import end_recorded

TASK_GRACE_S = 5.0  # its job is lost anyway: the execution that waited for it ended with the engine


def end_orphaned_tasks(records: Path) -> int:
    """Ends every recorded task process that still lives; the number of those."""
    return sum(end_recorded(record, TASK_GRACE_S) for record in sorted(records.glob("*.json")))


def clear_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
