"""The queue of completion requests and the state machine, in memory."""

from sluice.domain.errors import ProviderFailure
from sluice.domain.models import Job


class FakeCompletionQueue:
    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, *, tenant_id: str, upload_id: str) -> None:
        self.sent.append((tenant_id, upload_id))


class FakeExecutions:
    def __init__(self) -> None:
        self.names: list[str] = []  # every execution that ever started; a name is taken for good
        self.ended: set[str] = set()
        self.stopped: list[str] = []
        self.failing = False  # every call meets a fault of AWS

    def start(self, job: Job) -> bool:
        self._meet_fault()
        if job.id not in self.names:
            self.names.append(job.id)
        return job.id not in self.ended

    def running(self, job: Job) -> bool:
        return job.id in self.names and job.id not in self.ended

    def stop(self, job: Job) -> None:
        self._meet_fault()
        self.stopped.append(job.id)
        self.ended.add(job.id)

    def _meet_fault(self) -> None:
        if self.failing:
            raise ProviderFailure
