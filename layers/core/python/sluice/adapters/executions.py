"""Executions of the `transcode` state machine. Names are unique for 90 days, which is what makes a start idempotent."""

import json
from functools import cache
from typing import Any

import boto3

from sluice.domain.models import Job


@cache
def states_client() -> Any:
    return boto3.client("stepfunctions")


class StepFunctionsExecutions:
    def __init__(self, client: Any, state_machine_arn: str) -> None:
        self._client = client
        self._arn = state_machine_arn

    def start(self, job: Job) -> bool:
        work = {"tenant_id": job.tenant_id, "asset_id": job.asset_id, "job_id": job.id}
        try:  # the same name and input while it runs is success
            self._client.start_execution(stateMachineArn=self._arn, name=job.id, input=json.dumps(work))
        except self._client.exceptions.ExecutionAlreadyExists:
            return False
        return True

    def running(self, job: Job) -> bool:
        arn = self._arn.replace(":stateMachine:", ":execution:") + f":{job.id}"
        try:
            answer = self._client.describe_execution(executionArn=arn)
        except self._client.exceptions.ExecutionDoesNotExist:
            return False
        return bool(answer["status"] == "RUNNING")
