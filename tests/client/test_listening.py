"""`sluice listen` as a program: events arrive signed and unchanged, whatever breaks, and Ctrl-C says where to go on."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sluice_client import SluiceClient, UnexpectedAnswer, verify
from sluice_client.cli import main
from sluice_client.feed import EventPage
from sluice_client.forwarding import PAUSES_S, Forwarder, new_secret
from tests.client.cloud import KEY, Cloud
from tests.client.feed import event_body
from tests.client.receiver import DEADLINE_S, Receiver, receiving
from tests.client.server import Fault

SECRET = new_secret()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


class Listening:
    """A run of the program; `lines` and `notes` are complete after `interrupt`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr
        self.notes = ""
        for note in process.stderr:  # until it has its cursor
            self.notes += note
            if "Ctrl-C" in note:
                break
        self.lines: list[str] = []

    def interrupt(self) -> str:
        """The cursor that it ends with."""
        self.process.send_signal(signal.SIGINT)
        printed, notes = self.process.communicate(timeout=DEADLINE_S)
        self.lines, self.notes = printed.splitlines(), self.notes + notes
        assert self.process.returncode == 0, notes
        assert "Traceback" not in notes
        [cursor] = re.findall(r"--after (\S+)$", notes)
        return str(cursor)


@contextmanager
def listening(program: dict[str, str], receiver: Receiver, *options: str) -> Iterator[Listening]:
    command = [sys.executable, "-m", "sluice_client", "listen", "--forward-to", receiver.url, *options]
    with subprocess.Popen(command, env=program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Listening(process)
        finally:
            process.kill()


def ids(receiver: Receiver) -> list[str]:
    return [headers["webhook-id"] for headers, _ in receiver.got]


def test_what_happens_from_now_on_arrives_signed_and_unchanged(
    cloud: Cloud, program: dict[str, str], receiver: Receiver
) -> None:
    cloud.feed.append(event_body(1))  # before
    with listening(program, receiver) as run:
        cloud.feed.append(event_body(2), event_body(3, asset_id="ast_\x7f2"))
        receiver.wait_for(2)
        cloud.feed.append(event_body(4))
        cloud.feed.wait_until_asked("cur_4")
        assert run.interrupt() == "cur_4"
    [secret] = re.findall(r"signing with (whsec_\S+)", run.notes)
    for number, (headers, body) in enumerate(receiver.got, 2):
        assert verify(headers, body, secret).sequence == number
        assert headers["content-type"] == "application/json"
    assert receiver.got[0][1] == event_body(2).encode()
    assert [receiver.seen[0].line] == ["POST /hooks"]
    assert [line.split("\t")[:4] for line in run.lines[:2]] == [
        ["transcode.ready", "evt_2", "ast_1", "204"],
        ["transcode.ready", "evt_3", "ast_�2", "204"],
    ]
    assert re.fullmatch(r"[0-9]+ ms", run.lines[0].split("\t")[4])
    assert cloud.feed.queries[0] == {"after": "latest", "limit": "10", "wait_s": "0"}


def test_it_goes_on_behind_the_cursor_that_it_ended_with(
    cloud: Cloud, program: dict[str, str], receiver: Receiver
) -> None:
    """Only the wanted events, each once, over two runs; then all that is kept."""
    mine, foreign = event_body(1, "upload.complete"), event_body(2, "upload.complete", "ast_2")
    wanted = ["--types", "upload.*,asset.created", "--asset", "ast_1", "--secret", SECRET]
    with listening(program, receiver, *wanted) as first:
        cloud.feed.append(mine, foreign, event_body(3))
        cloud.feed.wait_until_asked("cur_3")
        cloud.feed.append(event_body(4, "asset.created"))
        cloud.feed.wait_until_asked("cur_4")
        cursor = first.interrupt()
    assert SECRET not in first.notes
    cloud.feed.append(event_body(5), *(event_body(number, "asset.created") for number in range(6, 18)))
    with listening(program, receiver, *wanted, "--after", cursor, "--json") as second:
        cloud.feed.wait_until_asked("cur_17")
        second.interrupt()
    assert ids(receiver) == [f"evt_{number}" for number in (1, 4, *range(6, 18))]
    told = json.loads(second.lines[-1])
    assert told.items() >= {"event_id": "evt_17", "status": 204, "problem": None, "attempts": 1}.items()
    with listening(program, receiver, "--after", "oldest", "--secret", SECRET):
        receiver.wait_for(14 + 17)


def test_it_comes_back_to_an_api_that_went_away(cloud: Cloud, program: dict[str, str], receiver: Receiver) -> None:
    """Without losing an event that happens meanwhile."""
    with listening(program, receiver, "--secret", SECRET) as run:
        cloud.feed.append(event_body(1))
        cloud.feed.wait_until_asked("cur_1")
        cloud.faults += [
            Fault(on="GET /v1/events", do="drop_unanswered"),
            Fault(on="GET /v1/events", status=503, body=b"<html>"),
            Fault(on="GET /v1/events", status=429),
        ]
        cloud.feed.append(event_body(2))
        receiver.wait_for(2)
        cloud.feed.wait_until_asked("cur_2")
        cloud.feed.append(event_body(3))
        cloud.feed.wait_until_asked("cur_3")
        run.interrupt()
    assert ids(receiver) == ["evt_1", "evt_2", "evt_3"]
    assert run.notes.count("; again in ") == 3


def test_a_key_that_is_refused_ends_it(
    cloud: Cloud, program: dict[str, str], receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = program | {"SLUICE_API_KEY": "sk_local_wrong"}
    assert main(["listen", "--forward-to", receiver.url, "--secret", SECRET], wrong) == 1
    assert "unauthenticated" in capsys.readouterr().err


@pytest.mark.parametrize("options", ["--forward-to localhost:3000", f"--forward-to http://localhost --secret {KEY}"])
def test_wrong_usage(cloud: Cloud, program: dict[str, str], capsys: pytest.CaptureFixture[str], options: str) -> None:
    assert main(["listen", *options.split()], program) == 2
    said = capsys.readouterr().err
    assert said.startswith("sluice: ") and KEY not in said
    assert cloud.seen == []


def test_what_fails_is_tried_again_with_a_new_signature(receiver: Receiver) -> None:
    body, pauses, clock = event_body(1).encode(), list[float](), iter(range(1_800_000_000, 1_900_000_000, 60))
    forwarder = Forwarder(receiver.url, SECRET, pause=pauses.append, now=lambda: next(clock))
    receiver.drops, receiver.statuses = 1, [200, 500, 302]  # the first of them gets lost
    done = forwarder.forward("evt_1", body)
    assert (done.status, done.attempts, done.problem) == (204, 4, None)
    assert pauses == list(PAUSES_S)
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.got}) == len(receiver.got) == 4
    for headers, got in receiver.got:
        sent_at = float(headers["webhook-timestamp"])
        assert verify(headers, got, SECRET, now=lambda sent_at=sent_at: sent_at).id == "evt_1"  # type: ignore[misc]


def test_what_fails_for_good_is_told_and_left(receiver: Receiver) -> None:
    receiver.statuses = [500] * 4
    forwarder = Forwarder(receiver.url, SECRET, pause=lambda seconds: None)
    assert (forwarder.forward("evt_1", b"{}").status, len(receiver.got)) == (500, 4)
    receiver.drops = 4
    told = forwarder.forward("evt_2", b"{}")
    assert (told.status, told.attempts, told.problem) == (None, 4, "ProtocolError")


@pytest.mark.parametrize("content", ['{"data":{},"next_cursor":"c","has_more":false}', '{"next_cursor":"c"}', "[]"])
def test_an_answer_of_another_shape_is_refused(cloud: Cloud, client: SluiceClient, content: str) -> None:
    cloud.faults.append(Fault(on="GET /v1/events", status=200, body=content.encode()))
    with pytest.raises(UnexpectedAnswer):
        client.list_events()


def test_a_page_is_cut_where_its_events_end() -> None:
    page = EventPage.of(b'{"data":[],"has_more":true,"next_cursor":"c"}')
    assert page == EventPage((), "c", True)
    nested = '{"x":{"data":[1]},"data":[{"a":"]"},[2,3]\n,"\u00e9" ],"next_cursor":"c","has_more":false}'
    assert EventPage.of(nested.encode()).bodies == (b'{"a":"]"}', b"[2,3]", '"\u00e9"'.encode())
