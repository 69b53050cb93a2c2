"""`python -m infra.local.cli up|down|logs|status`: the embedded AWS of this checkout."""

import argparse
import sys
from pathlib import Path

from infra.local.engine import Engine

FOLDER = Path(__file__).resolve().parents[2] / ".sluice" / "local"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="infra.local.cli", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "logs", "status"))
    engine = Engine(FOLDER)
    return {"up": up, "down": down, "logs": logs, "status": status}[parser.parse_args(arguments).command](engine)


def up(engine: Engine) -> int:
    print("starting the embedded AWS (the first time takes a minute)", flush=True)
    engine.start()
    deployment = engine.deploy()
    print(f"API   {deployment.api_url}\nCDN   {deployment.media_url}\nAWS   {engine.endpoint_url}")
    print("stop  make down")
    return 0


def down(engine: Engine) -> int:
    was_running = engine.running
    engine.stop()
    print("stopped" if was_running else "was not running")
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
