"""`python -m infra.local.cli up|down|reset|logs|status`: the embedded AWS of this checkout."""

import argparse
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from infra.local.deploy import DeployFailed
from infra.local.engine import Engine, EngineFailed
from infra.operate import Operator, OperatorError
from sluice.domain.api_keys import SCOPES

FOLDER = Path(__file__).resolve().parents[2] / ".sluice" / "local"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="infra.local.cli", description=__doc__)
    parser.add_argument("command", choices=tuple(COMMANDS))
    engine = Engine(FOLDER)
    try:
        return COMMANDS[parser.parse_args(arguments).command](engine)
    except (EngineFailed, DeployFailed, OperatorError) as error:
        print(error, file=sys.stderr)
        return 1


def up(engine: Engine) -> int:
    print("starting the embedded AWS (the first time takes a minute)", flush=True)
    engine.start()
    deployment = engine.deploy()
    print(f"API   {deployment.api_url}\nCDN   {deployment.media_url}\nAWS   {engine.endpoint_url}")
    print(f"key   {api_key(engine, deployment.outputs['OperateFunction'])}\nstop  make down")
    return 0


def api_key(engine: Engine, operate_function: str) -> str:
    """The key of this checkout's own tenant, made once and kept beside the state that knows it."""
    kept = engine.folder / "api-key"
    if not kept.exists():
        operator = Operator(engine.client("lambda"), operate_function)
        key = operator.create_key(operator.create_tenant("local"), sorted(SCOPES))["key"]
        kept.touch(mode=0o600)
        kept.write_text(key)
        engine.checkpoint()
    return kept.read_text()


def down(engine: Engine) -> int:
    was_running = engine.running
    engine.stop()
    print("stopped" if was_running else "was not running")
    return 0


def reset(engine: Engine) -> int:
    """Forget all state: for stacks that cannot be updated to what the sources say now."""
    engine.stop()
    shutil.rmtree(engine.folder)
    print("stopped and forgotten")
    return 0


def logs(engine: Engine) -> int:
    print(engine.log_tail())
    return 0


def status(engine: Engine) -> int:
    if not engine.running:
        print("not running")
        return 1
    print(f"running\nAPI   {engine.api_url}\nCDN   {engine.media_url}\nAWS   {engine.endpoint_url}")
    return 0


COMMANDS: dict[str, Callable[[Engine], int]] = {"up": up, "down": down, "reset": reset, "logs": logs, "status": status}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
