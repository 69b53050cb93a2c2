"""The command line's words."""

import argparse
import re

EPILOG = """environment:
  SLUICE_API_URL   the API, for example https://abc123.execute-api.eu-central-1.amazonaws.com
  SLUICE_API_KEY   an API key; it is read from nowhere else

exit codes:
  0    done; listen: ended by Ctrl-C
  1    the API refused, the connection failed for good, or the upload or asset failed
  2    wrong usage: options, environment, file
  130  interrupted; the same upload command goes on where it stopped
"""
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x1f\x7f]*)")  # RFC 9110: a token, a colon, a value


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        "sluice",
        description="Upload videos to Sluice, look at what became of them, and forward their events.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", required=True)
    _upload(commands.add_parser("upload", help="send a file; run again to resume"))
    _ingest(commands.add_parser("ingest", help="have a file fetched from a URL"))
    _thumbnail(commands.add_parser("thumbnail", help="choose a video's poster"))
    _listen(commands.add_parser("listen", help="forward events to a program on this machine, as webhooks"))
    assets = commands.add_parser("assets", help="what is there").add_subparsers(dest="action", required=True)
    listed = _json(assets.add_parser("list", help="newest first"))
    listed.add_argument("--limit", type=_positive, metavar="N", help="at most so many")
    _json(assets.add_parser("show", help="one asset")).add_argument("asset_id")
    jobs = commands.add_parser("jobs", help="transcodes").add_subparsers(dest="action", required=True)
    _json(jobs.add_parser("show", help="one job and its progress")).add_argument("job_id")
    play = _json(commands.add_parser("play", help="URLs for one viewer"))
    play.add_argument("playback_id")
    play.add_argument("--ttl", type=int, default=300, metavar="SECONDS", help="how long they open: 60 to 900")
    return top


def _upload(upload: argparse.ArgumentParser) -> None:
    upload.add_argument("file")
    _described(upload)
    upload.add_argument("--ttl", type=_positive, metavar="SECONDS", help="how long it may take: 60 to 604800 (a day)")
    upload.add_argument("--checksum", action="store_true", help="have the storage compare the whole file's CRC32C")
    upload.add_argument("--concurrency", type=_positive, default=4, metavar="N", help="parts on the way at once (4)")


def _ingest(ingest: argparse.ArgumentParser) -> None:
    ingest.add_argument("url", help="https://..., or s3://BUCKET/KEY of the same AWS account")
    ingest.add_argument(
        "--header", action="append", default=[], type=_header, dest="headers", metavar="'NAME: VALUE'",
        help="to be sent with the request for it; may be given again",
    )  # fmt: skip
    _described(ingest)


def _thumbnail(thumbnail: argparse.ArgumentParser) -> None:
    _json(thumbnail)
    thumbnail.add_argument("asset_id")
    chosen = thumbnail.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--time", type=_seconds, metavar="SECONDS", help="the frame that is shown then")
    chosen.add_argument("--file", metavar="JPEG", help="a picture of yours, up to 10 MB")
    chosen.add_argument("--automatic", action="store_true", help="take the choice back")
    thumbnail.add_argument("--wait", action="store_true", help="until players get it, or it has failed")


def _listen(listen: argparse.ArgumentParser) -> None:
    _json(listen)
    listen.add_argument("--forward-to", required=True, metavar="URL", help="where your receiver of webhooks listens")
    listen.add_argument("--secret", metavar="whsec_...", help="to sign with; one is made up and told without it")
    listen.add_argument(
        "--types", type=lambda text: text.split(","), default=[], metavar="TYPES",
        help="names or globs, separated by commas",
    )  # fmt: skip
    listen.add_argument("--asset", metavar="AST_ID", help="of this asset only")
    listen.add_argument(
        "--after", default="latest", metavar="CURSOR",
        help="go on behind it; 'oldest': all that is kept (without it: from now on)",
    )  # fmt: skip


def _described(command: argparse.ArgumentParser) -> None:
    """What uploads and ingests have in common."""
    _json(command)
    command.add_argument("--title")
    command.add_argument("--tag", action="append", default=[], dest="tags", help="may be given again")
    command.add_argument("--metadata", action="append", default=[], type=_pair, metavar="KEY=VALUE")
    command.add_argument("--external-id", help="your own id of it")
    command.add_argument("--creator", metavar="ID", help="your own id of who uploads it")
    command.add_argument("--policy", metavar="IPL_ID", help="the intake policy that it is held to")
    command.add_argument("--profile", metavar="ENC_ID", help="the encoding profile that it is encoded by")
    command.add_argument("--no-transcode", action="store_true", help="keep the file, and make nothing of it")
    command.add_argument(
        "--wait", action="store_true", help="until it is ready to play (or stored: --no-transcode), or failed"
    )


def _json(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--json", action="store_true", help="JSON on standard output, one object a line")
    return command


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _header(text: str) -> tuple[str, str]:
    """The refusal does not repeat it: it may hold a secret."""
    found = _HEADER.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError("not 'NAME: VALUE'")
    return found[1], found[2].strip()


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time in seconds")
    return seconds


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number
