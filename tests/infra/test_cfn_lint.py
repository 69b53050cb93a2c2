"""cfn-lint over every template; one rule is off. A faulty template in the same run shows that it looks."""

import json
import subprocess
import sys
from pathlib import Path

from tests.infra.deployment import STACKS, Deployment

# W3005: CDK writes DependsOn for a role beside its policy; the role's part of it is redundant and harmless.
IGNORED = ["W3005"]
LINTER = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json", "--ignore-checks", *IGNORED]


def test_templates_are_clean(dev: Deployment, opened: Deployment, tmp_path: Path) -> None:
    faulty = tmp_path / "faulty.template.json"
    faulty.write_text(json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Nmae": "x"}}}}))
    other = [stack for stack in STACKS if opened.templates[stack] != dev.templates[stack]]
    assert other, "targets of webhooks change nothing"
    files = [faulty, *map(dev.template_file, STACKS), *map(opened.template_file, other)]
    command = [*LINTER, "--", *map(str, files)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    findings = json.loads(answer.stdout)
    assert ["Nmae" in one["Message"] for one in findings if one["Filename"] == str(faulty)] == [True], answer.stderr
    assert [f"{one['Rule']['Id']} {one['Message']}" for one in findings if one["Filename"] != str(faulty)] == []
