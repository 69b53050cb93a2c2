"""The CDK app: `cdk synth -c environment=dev` runs this module."""

from infra.node import use_recent_node


def main() -> None:
    use_recent_node()
    from infra.application import synthesize  # importing aws_cdk starts Node, so the choice above comes first

    synthesize()


if __name__ == "__main__":
    main()
