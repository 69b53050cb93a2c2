"""`python -m sluice_client` is `sluice`."""

from sluice_client.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
