"""Alarms, and the topic that people subscribe to."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.config import Config

FAILED_JOBS = 5  # in 15 minutes: one bad video fails its job too, several at once are rarely the videos

FAILED_FETCHES = 5  # a refused source is no failed execution: these are machines, roles, quotas


class Alarms(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", display_name=f"{config.prefix} alarms", enforce_ssl=True)
        self._let_alarms_publish()
        if config.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(config.alarm_email))

    def _let_alarms_publish(self) -> None:
        """A policy of ours, here that of `enforce_ssl`, replaces SNS's own, which lets this account publish."""
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )

    def watch_dead_letters(self, name: str, queue: sqs.IQueue) -> None:
        self._alarm(
            f"{name}DeadLetters",
            queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(1), statistic="Maximum"),
            threshold=1,
            description=f"{name}: something could not be handled and waits in the dead-letter queue",
        )

    def watch_workflow(self, state_machine: sfn.StateMachine) -> None:
        self._alarm(
            "TranscodesFailed",
            state_machine.metric_failed(period=Duration.minutes(15)),
            threshold=FAILED_JOBS,
            description="Several transcode jobs failed within a quarter of an hour",
        )
        self._alarm(
            "TranscodesTimedOut",
            state_machine.metric_timed_out(period=Duration.minutes(15)),
            threshold=1,
            description="A transcode job ran into its total deadline",
        )

    def watch_fetches(self, state_machine: sfn.StateMachine) -> None:
        self._alarm(
            "FetchesFailed",
            state_machine.metric_failed(period=Duration.minutes(15)),
            threshold=FAILED_FETCHES,
            description="Several fetches failed on our side within a quarter of an hour",
        )
        self._alarm(
            "FetchesTimedOut",
            state_machine.metric_timed_out(period=Duration.minutes(15)),
            threshold=1,
            description="A fetch ran into its total deadline, most likely waiting for room to run",
        )

    def _alarm(self, name: str, metric: cloudwatch.Metric, *, threshold: int, description: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
