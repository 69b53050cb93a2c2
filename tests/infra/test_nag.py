"""cdk-nag's AwsSolutions rules. What is accepted at its construct has its reason there; wildcards have theirs here.

cdk-nag accepts a wildcard (IAM5) only by its full text with generated ids inside, so these are matched by pattern.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.infra.deployment import WITH_TARGETS, synthesize


class Accepted(NamedTuple):
    construct: str  # pattern over the path of the policy
    resource: str  # pattern over the resource that holds the wildcard
    reason: str


OBJECTS = r"[^/]*Bucket[^/]*/(uploads|media|playlists|thumbnails|work)/\*"
ACCEPTED = (
    Accepted(
        r".*/(ApiAssets|ApiUploads|CompleteUpload|FailFetch|OnObjectCreated|Reconcile|Playback)Role/.*|.*/(Presign|Storage)Role/.*|.*/TaskRole/.*",
        OBJECTS,
        "objects are named by tenant and id at run time; the prefix is as narrow as it gets",
    ),
    Accepted(r".*/(DispatchEvents|StartWaiting)Role/.*", r"\*", "dynamodb:ListStreams takes no resource"),
    Accepted(r".*/ExecutionRole/.*", r"\*", "ecr:GetAuthorizationToken takes no resource"),
    Accepted(r".*/(Transcode|Fetch)/Role/.*", r"\*", "log delivery of Step Functions takes no resource"),
    Accepted(r".*/(Transcode|Fetch)/Role/.*", r"<\w+Function\w+\.Arn>:\*", "versions of the functions it calls"),
    Accepted(
        r".*/(Transcode|Fetch)/Role/.*", r".*:task/<\w+>/\*", "ids of tasks are made when they start; one cluster only"
    ),
    Accepted(
        r".*/(Transcode|Fetch)/Role/.*",
        r".*:task-definition/sluice-dev-(transcoder|fetcher):\*",
        "revisions of one family: a deployment retires the one that a running job began with",
    ),
    Accepted(
        r".*/ApiAssetsRole/.*",
        r".*:execution:sluice-dev-transcode:\*",
        "executions are named by job; one machine only",
    ),
    Accepted(
        r".*/ReconcileRole/.*",
        r"[^/]*MediaBucket[^/]*/media/\*/\*/thm_\*/poster\.jpg",
        "chosen posters of every asset, and nothing else of it",
    ),
    Accepted(
        r".*/ReconcileRole/.*",
        r".*:execution:sluice-dev-(transcode|fetch):\*",
        "executions are named by job or upload; two machines only",
    ),
)


RULE = re.compile(r"AwsSolutions-IAM5\[Resource::(?P<resource>.+)\]")


class Finding(NamedTuple):
    rule: str
    construct: str

    def covered_by(self, accepted: Accepted) -> bool:
        wildcard = RULE.fullmatch(self.rule)
        if wildcard is None:
            return False
        return bool(
            re.fullmatch(accepted.construct, self.construct) and re.fullmatch(accepted.resource, wildcard["resource"])
        )


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    folder = tmp_path_factory.mktemp("nag")
    with pytest.raises(RuntimeError, match="ValidationFailed"):  # the wildcards fail it, and nothing else may
        synthesize("dev", folder, nag=True, context=WITH_TARGETS)  # they only add grants to what there is
    return read_report(folder / "validation-report.json")


def read_report(file: Path) -> list[Finding]:
    report = json.loads(file.read_text())
    return [
        Finding(violation["ruleName"], place["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for place in violation["violatingConstructs"]
    ]


def test_every_finding_is_an_accepted_wildcard(findings: list[Finding]) -> None:
    assert len(findings) > 10
    assert [one for one in findings if not any(one.covered_by(accepted) for accepted in ACCEPTED)] == []


def test_nothing_is_accepted_that_is_not_there(findings: list[Finding]) -> None:
    assert [one for one in ACCEPTED if not any(finding.covered_by(one) for finding in findings)] == []
