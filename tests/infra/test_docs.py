"""What README and the operations page say of the deployment is what is synthesized."""

import re

from tests.documents import OPERATIONS, README, REPOSITORY, rows, section, spans
from tests.infra.deployment import Deployment
from tests.infra.test_idle_cost import CEILING, idle_cost


def named(heading: str) -> set[str]:
    """The first cell of every row."""
    return {row[0].strip("`") for row in rows(OPERATIONS, heading)}


def test_every_alarm_has_its_line(prod: Deployment) -> None:
    alarms = {one.logical_id for one in prod.resources("AWS::CloudWatch::Alarm")}
    assert {f"Alarms{name}" for name in named("An alarm went off")} == {alarm[:-8] for alarm in alarms}


def test_every_queue_has_its_line(prod: Deployment) -> None:
    dead = {one.logical_id[:-8] for one in prod.resources("AWS::SQS::Queue") if "DeadLetters" in one.logical_id}
    fed = {name.removesuffix("DeadLetters").removesuffix("Work") for name in dead}
    assert {name for name in named("Queues") if name.isalpha()} <= fed
    assert len(named("Queues")) == len(fed)
    functions = {row[1].strip("`") for row in rows(OPERATIONS, "Queues")}
    assert all(prod.function(name) for name in functions)


def test_every_log_group_has_its_line(prod: Deployment) -> None:
    groups = {one.properties["LogGroupName"] for one in prod.resources("AWS::Logs::LogGroup")}
    lines = {name for name in named("What happened to it") if name.startswith("/")}
    patterns = [re.escape(line).replace("<function>", "[a-z_]+") for line in lines]
    assert [group for group in groups if not any(re.fullmatch(pattern, group) for pattern in patterns)] == []
    assert [line for line in patterns if not any(re.fullmatch(line, group) for group in groups)] == []


def test_log_groups_are_kept_as_long_as_said(prod: Deployment) -> None:
    [days] = {one.properties["RetentionInDays"] for one in prod.resources("AWS::Logs::LogGroup")}
    assert f"{days} in `prod`" in " ".join(OPERATIONS.read_text().split())


def test_outputs_that_are_named_exist(prod: Deployment) -> None:
    texts = [path.read_text() for path in (README, OPERATIONS, REPOSITORY / "docs" / "api.md")]
    wanted = {found for text in texts for found in re.findall(r"output `([A-Za-z]+)`", text)}
    assert wanted == {"ApiUrl", "TableName"}
    assert wanted | {"MediaUrl"} <= prod.outputs()


def test_the_stacks_are_the_ones_named(prod: Deployment) -> None:
    text = section(README, "Deploy it to AWS")
    said = {
        found for span in spans(text) if (found := span.removeprefix("sluice-dev").removeprefix("-")) in prod.templates
    }
    assert said == prod.templates.keys()


def test_the_idle_cost_is_the_one_said(prod: Deployment) -> None:
    text = section(README, "What it costs idle")
    cost = idle_cost(prod)
    said = [float(dollars) for dollars, _ in rows(README, "What it costs idle")]
    assert f"About {sum(cost.values()):.2f} US dollars" in text
    assert f"above {CEILING:.2f}" in text
    assert abs(sum(said) - sum(cost.values())) < 0.01 * len(said)  # each line is rounded by itself
    sweeps = [dollars for what, dollars in cost.items() if what.startswith("reconcile")]
    alone = [dollars for what, dollars in cost.items() if not what.startswith("reconcile")]
    assert sorted(said) == sorted(round(dollars, 2) for dollars in [*alone, sum(sweeps)])
    for kind, count in (("AWS::SecretsManager::Secret", "6 secrets"), ("AWS::CloudWatch::Alarm", "10 alarms")):
        assert f"{len(prod.resources(kind))} {count.split()[1]}" == count
        assert count in text
