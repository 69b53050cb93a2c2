"""What the contract tests run as a container: does what its command says."""

import json
import os
import pathlib
import signal
import sys
import time

import boto3


def main(command: str, *arguments: str) -> int:
    if command == "exit":
        return int(arguments[0])
    if command == "environment":  # lines of the log: what the container sees
        print(json.dumps({"environment": dict(os.environ), "folder": str(pathlib.Path.cwd())}))
        return 0
    if command == "identity":
        print(json.dumps({"arn": boto3.client("sts").get_caller_identity()["Arn"]}))
        return 0
    if command == "put":  # bucket key: denied unless the task's role allows it
        boto3.client("s3").put_object(Bucket=arguments[0], Key=arguments[1], Body=b"written by a task")
        return 0
    if command == "run-until-stopped":
        if arguments:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("running", flush=True)
        time.sleep(600)
        return 0
    raise SystemExit(f"unknown command {command}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
