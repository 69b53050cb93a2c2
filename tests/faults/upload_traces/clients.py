"""What clients do to one upload, the rightful ones and the others."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sluice.domain.intake import Checksum, ChecksumAlgorithm
from sluice.domain.parts import MIB, part_count, part_length, part_size_for
from sluice.domain.upload import Upload
from sluice.service import upload_abort, uploads
from tests.fakes.uploads_bucket import checksum_of
from tests.faults.upload_traces.bucket import Refused, Ticket
from tests.faults.upload_traces.cloud import Cloud
from tests.unit.world import World

FILE = "x"  # what the bytes of every file repeat
LISTED_PARTS = 3  # nobody sends all the parts of a huge file here


def checksum_of_file(size_bytes: int, algorithm: ChecksumAlgorithm) -> Checksum:
    part_size = part_size_for(size_bytes)
    numbers = range(1, min(part_count(size_bytes, part_size), LISTED_PARTS) + 1)
    return checksum_of(algorithm, *(f"{part_length(size_bytes, part_size, number)}{FILE}" for number in numbers))


def last_part(upload: Upload) -> int:
    return part_count(upload.size_bytes, upload.part_size)


def numbers_of(upload: Upload, which: str) -> tuple[int, ...]:
    last = last_part(upload)
    return {
        "all": tuple(range(1, min(last, LISTED_PARTS) + 1)),
        "first": (1,),
        "last": (last,),
        "zero": (1, 0),
        "beyond": (last + 1,),
        "10001": (10_001,),
    }[which]


class Clients:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.tickets: dict[tuple[str, int], Ticket] = {}

    def sign(self, world: World, upload: Upload, which: str, *, summed: bool) -> None:
        numbers = numbers_of(upload, which)
        lengths = {number: self._length(upload, number) for number in numbers}
        algorithm = upload.checksum_algorithm
        checksums = {number: checksum_of(algorithm, f"{lengths[number]}{FILE}").value for number in numbers if summed}
        signed = uploads.sign_parts(upload.id, numbers, caller=world.caller, ports=world.ports, checksums=checksums)
        assert set(numbers) <= set(range(1, last_part(upload) + 1)), "a part that does not exist was signed"
        assert [part.length for part in signed] == [lengths[number] for number in numbers]
        for part in signed:
            expires_s = int(parse_qs(urlsplit(part.url).query)["expires"][0])
            ends_at = world.now() + timedelta(seconds=expires_s)
            checksum = next(iter(part.headers.values()), None)
            self.tickets[upload.id, part.number] = Ticket(
                upload.multipart_id, part.number, part.length, checksum, ends_at
            )

    @staticmethod
    def _length(upload: Upload, number: int) -> int:
        return part_length(upload.size_bytes, upload.part_size, number)

    def put(self, upload: Upload, which: str, content: str = FILE, *, longer: int = 0) -> None:
        """By the URLs that were signed; one of another length, or of other bytes where they are signed, is refused."""
        for number in numbers_of(upload, which):
            if ticket := self.tickets.get((upload.id, number)):
                self.cloud.bucket.put_signed(ticket, ticket.length + longer, content)
                assert longer == 0, "a part of another length was taken"

    def send(self, world: World, upload: Upload) -> None:
        self.sign(world, upload, "all", summed=True)
        self.put(upload, "all")

    def complete(self, world: World, upload: Upload, kind: str, *, wait: bool) -> None:
        checksum = {"none": None, "right": self._checksum(upload), "wrong": wrong(upload.checksum_algorithm)}[kind]
        answer = uploads.request_completion(upload.id, caller=world.caller, ports=world.ports, checksum=checksum)
        if wait:
            uploads.await_completion(
                answer, caller=world.caller, ports=world.ports, pause=lambda _s: self.cloud.drain(world), wait_s=0.3
            )

    @staticmethod
    def _checksum(upload: Upload) -> Checksum:
        return checksum_of_file(upload.size_bytes, upload.checksum_algorithm)

    def abort(self, world: World, upload: Upload) -> None:
        self.cloud.given_up.add(upload.id)
        upload_abort.abort_upload(upload.id, caller=world.caller, ports=world.ports)

    def replace(self, upload: Upload) -> None:
        """The first part again, with other bytes, by the URL of before or one that somebody else still has."""
        length = self._length(upload, 1)
        ends_at = self.cloud.calm.now() + timedelta(seconds=1)
        self.cloud.bucket.put_signed(Ticket(upload.multipart_id, 1, length, None, ends_at), length, "y")

    def put_behind(self, upload: Upload, which: str, size: int) -> None:
        (number,) = numbers_of(upload, which)
        self.cloud.bucket.put_behind(upload.multipart_id, number, size)

    def complete_behind(self, upload: Upload, which: str) -> None:
        self.cloud.bucket.complete_behind(upload.key, upload.multipart_id, numbers_of(upload, which))

    def plant(self, upload: Upload, longer: int) -> None:
        self.cloud.bucket.plant(upload.key, upload.size_bytes + longer)

    def lose_multipart(self, upload: Upload) -> None:
        """Whoever may do so aborts it in S3, past us."""
        if upload.key in self.cloud.bucket.objects or upload.multipart_id not in self.cloud.bucket.open:
            raise Refused("NoSuchUpload")
        self.cloud.lost_multiparts.add(upload.id)
        self.cloud.bucket.abort_multipart(upload.key, upload.multipart_id)

    def deeds(self, upload: Upload) -> dict[str, Callable[[], Any]]:
        """What may happen while another call about this upload is under way."""
        calm = self.cloud.calm
        return {
            "send": partial(self.send, calm, upload),
            "complete": partial(self.complete, calm, upload, "none", wait=False),
            "join": partial(calm.run_completion, upload),
            "accept": partial(calm.accept, upload),
            "abort": partial(self.abort, calm, upload),
            "replace": partial(self.replace, upload),
            "put_beyond": partial(self.put_behind, upload, "beyond", 1),
            "put_larger": partial(self.put_behind, upload, "first", 9 * MIB),
            "join_behind": partial(self.complete_behind, upload, "all"),
            "plant": partial(self.plant, upload, 0),
            "late": partial(calm.now.tick, seconds=3601),
            "sweep": partial(self.cloud.sweep, calm),
        }

    def trespass(self, upload: Upload) -> list[Any]:
        """Another tenant's key, with this upload's id."""
        world, stranger = self.cloud.calm, self.cloud.stranger
        ports = world.ports
        return [
            lambda: uploads.sign_parts(upload.id, [1], caller=stranger, ports=ports),
            lambda: uploads.list_parts(upload.id, caller=stranger, ports=ports),
            lambda: uploads.request_completion(upload.id, caller=stranger, ports=ports),
            lambda: upload_abort.abort_upload(upload.id, caller=stranger, ports=ports),
        ]


def wrong(algorithm: ChecksumAlgorithm) -> Checksum:
    return checksum_of(algorithm, "another file")
