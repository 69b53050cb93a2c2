"""Accepted findings of cdk-nag, each with its reason, at the narrowest construct that has them."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(scope: IConstruct, reasons: dict[str, str]) -> None:
    """`reasons`: rule id (with its finding in brackets, where the rule has several) to why it is right here."""
    Validations.of(scope).acknowledge(*[Acknowledgment(id=rule, reason=why) for rule, why in reasons.items()])
