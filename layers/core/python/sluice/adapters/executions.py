"""Executions of `transcode` and `fetch`. Names are unique for 90 days, which is what makes a start idempotent."""

import json
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sluice.domain.errors import ProviderFailure
from sluice.domain.models import Job
from sluice.domain.task_sizes import transcode_size
from sluice.domain.upload import Upload

ENDED = "ValidationException"  # what an execution answers that runs no more
CONNECTIONS = 32  # a batch of fetches starts many at once


@cache
def states_client() -> Any:
    config = Config(retries={"mode": "standard", "max_attempts": 4}, max_pool_connections=CONNECTIONS)
    return boto3.client("stepfunctions", config=config)


class StepFunctionsExecutions:
    """Of one state machine. What it works on, a job or an upload, gives each execution its name."""

    def __init__(self, client: Any, state_machine_arn: str) -> None:
        self._client = client
        self._arn = state_machine_arn

    def start(self, work: Job | Upload, /) -> bool:
        try:  # the same name and input while it runs is success
            self._client.start_execution(
                stateMachineArn=self._arn, name=work.id, input=json.dumps(execution_input(work))
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return False
        except (ClientError, BotoCoreError) as error:
            raise ProviderFailure() from error
        return True

    def running(self, work: Job | Upload, /) -> bool:
        try:
            answer = self._client.describe_execution(executionArn=self._execution(work))
        except self._client.exceptions.ExecutionDoesNotExist:
            return False
        return bool(answer["status"] == "RUNNING")

    def stop(self, work: Job | Upload, /) -> None:
        """Step Functions ends the task that the execution waits for as well."""
        try:
            self._client.stop_execution(executionArn=self._execution(work), error="Cancelled")
        except self._client.exceptions.ExecutionDoesNotExist:
            return
        except (ClientError, BotoCoreError) as error:
            if getattr(error, "response", {}).get("Error", {}).get("Code") != ENDED:
                raise ProviderFailure() from error

    def _execution(self, work: Job | Upload) -> str:
        return self._arn.replace(":stateMachine:", ":execution:") + f":{work.id}"


def execution_input(work: Job | Upload) -> dict[str, Any]:
    """The same at every start: another one beside a running execution of this name would be an error."""
    if isinstance(work, Job):
        size = work.size or transcode_size(work.source_bytes)
        return {
            "tenant_id": work.tenant_id,
            "asset_id": work.asset_id,
            "job_id": work.id,
            "size": size.overrides,
        }
    return {"tenant_id": work.tenant_id, "upload_id": work.id}
