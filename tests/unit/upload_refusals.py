"""The rows of what the uploads page says is refused: what leads to each, and the calls that get its answer."""

from collections.abc import Callable
from typing import Any

from sluice.domain import parts
from sluice.domain.upload import UploadSource
from sluice.service.ports import Replace
from tests.unit.test_reconcile import sweep
from tests.unit.upload_service import SIZE, Call, Service, abort, complete, every_call, listing, new_token, sign

MANY = 100 * 10**9 + 1
OTHER = {"algorithm": "crc64nvme", "value": "AAAAAAAAAAA="}
CRC32C = {"algorithm": "crc32c", "value": "AAAAAA=="}

Scenario = Callable[[Service], list[Call]]  # all but these calls is done; each of them gets what the row says
SCENARIOS: dict[str, Scenario] = {}


def row(text: str) -> Callable[[Scenario], Scenario]:
    def add(scenario: Scenario) -> Scenario:
        SCENARIOS[text] = scenario
        return scenario

    return add


def reserving(**fields: Any) -> Call:
    return Call("POST", "/v1/uploads", {"size_bytes": SIZE, **fields})


def under(service: Service, rules: dict[str, Any], **fields: Any) -> Call:
    return reserving(intake_policy_id=service.policy(**rules), **fields)


# ------------------------------------------------------------------ reserving


@row("reserve more than 48.8 TiB, no byte, or a life outside 60 s to 7 days")
def _(service: Service) -> list[Call]:
    sizes = [reserving(size_bytes=size, transcode="none") for size in (parts.MAX_OBJECT_BYTES + 1, 0)]
    return [*sizes, reserving(upload_ttl_s=59), reserving(upload_ttl_s=7 * 86_400 + 1)]


@row("reserve more than 100 GB to be transcoded, or more than the policy takes")
def _(service: Service) -> list[Call]:
    service.reserve(size_bytes=MANY, transcode="none")
    service.reserve(size_bytes=MANY - 1)
    return [reserving(size_bytes=MANY), under(service, {"max_bytes": SIZE - 1})]


@row("reserve what is longer than the policy takes (`duration_s`)")
def _(service: Service) -> list[Call]:
    return [under(service, {"max_duration_s": 60.0}, duration_s=61)]


@row("reserve a type that the policy does not take")
def _(service: Service) -> list[Call]:
    return [under(service, {"allowed_types": ["audio/*"]}, content_type="video/mp4")]


@row("reserve without the metadata that the policy asks for")
def _(service: Service) -> list[Call]:
    return [under(service, {"metadata_schema": '{"required": ["course"]}'}, metadata={"lesson": "1"})]


@row("reserve from a page that the policy does not name")
def _(service: Service) -> list[Call]:
    call = under(service, {"allowed_origins": ["https://app.example"]})
    return [call._replace(origin="https://other.example")]


@row("reserve under a policy that there is not")
def _(service: Service) -> list[Call]:
    return [reserving(intake_policy_id="ipl_" + "0" * 26)]


@row("reserve beyond a quota")
def _(service: Service) -> list[Call]:
    service.reserve(creator_id="ann")
    quotas: list[dict[str, int]] = [{"max_open_uploads": 1}, {"max_open_bytes_per_creator": 2 * SIZE - 1}]
    return [under(service, {"quotas": quota}, creator_id="ann") for quota in quotas]


@row('reserve the same file again, with `"on_duplicate": "reject"`')
def _(service: Service) -> list[Call]:
    _, checksum = service.joined(creator_id="ann")
    same = {"checksum": checksum.model_dump(), "on_duplicate": "reject"}
    service.reserve(creator_id="bob", **same)
    service.reserve(creator_id="ann", intake_policy_id=service.policy(), **same)
    return [reserving(creator_id="ann", **same)]


@row("look for duplicates without a checksum")
def _(service: Service) -> list[Call]:
    return [reserving(on_duplicate=wanted) for wanted in ("reject", "return_existing")]


# ------------------------------------------------------------------ tokens and ids


@row("reserve, or make a token, with an upload token")
def _(service: Service) -> list[Call]:
    slot = service.reserve()
    return [call._replace(credential=slot["upload_token"]) for call in (reserving(), new_token(slot))]


@row("anything with a token that has expired or was altered")
def _(service: Service) -> list[Call]:
    slot = service.reserve(token_ttl_s=60)
    other = service.reserve()["upload_token"]
    altered = slot["upload_token"][:-43] + other[-43:]
    calls = every_call(slot, slot["upload_token"])
    assert service(calls[0])[0] == 200
    service.world.now.tick(seconds=60)
    return [*calls, *every_call(slot, altered)]


@row("anything with another tenant's upload, or with another upload's token")
def _(service: Service) -> list[Call]:
    slot, other = service.sent(), service.reserve()
    foreign = [*every_call(slot, service.foreign_key), new_token(slot)._replace(credential=service.foreign_key)]
    return [*foreign, *every_call(slot, other["upload_token"])]


# ------------------------------------------------------------------ parts


@row("sign part 0 or 10,001, or 1,001 parts in one call")
def _(service: Service) -> list[Call]:
    slot = service.reserve(size_bytes=10_000 * parts.MIN_PART_SIZE)
    assert service(sign(slot, 1, 10_000))[0] == service(sign(slot, *range(1, 1_001)))[0] == 200
    return [sign(slot, 0), sign(slot, 10_001), sign(slot, *range(1, 1_002))]


@row("sign part N + 1 of N")
def _(service: Service) -> list[Call]:
    slot = service.reserve()
    return [sign(slot, slot["part_count"] + 1), sign(slot, 1, slot["part_count"] + 1)]


@row("sign a part without its CRC32C, where the slot has one")
def _(service: Service) -> list[Call]:
    slot = service.reserve(checksum=CRC32C)
    assert service(sign(slot, 1, checksums={"1": "AAAAAA=="}))[0] == 200
    return [sign(slot, 1), sign(slot, 1, 2, checksums={"1": "AAAAAA=="})]


@row("sign parts of an upload that is fetched from a URL")
def _(service: Service) -> list[Call]:
    slot = service.reserve()
    upload = service.stored(slot["upload_id"])
    source = UploadSource(url="https://films.example/a.mp4")
    service.world.records.commit(Replace(upload.model_copy(update={"source": source, "version": upload.version + 1})))
    return [sign(slot, 1)]


@row("sign, complete or make a token after `expires_at`")
def _(service: Service) -> list[Call]:
    slot = service.sent()
    service.world.now.tick(seconds=service.world.ports.limits.upload_ttl_s + 1)
    late = [sign(slot, 1), complete(slot), new_token(slot)]
    assert {service(call)[1]["code"] for call in late} == {"upload_expired"}  # before the sweep as well
    assert sweep(service.world)["expired_uploads"] == 1
    return late


# ------------------------------------------------------------------ completion


@row("complete, and a part is missing")
def _(service: Service) -> list[Call]:
    slot = service.sent()
    del service.world.objects.open[service.stored(slot["upload_id"]).multipart_id][2]
    return [complete(slot)]


@row("complete, and the parts do not add up to `size_bytes`")
def _(service: Service) -> list[Call]:
    small, large = service.sent(), service.sent()
    service.world.objects.put_part(service.stored(small["upload_id"]).multipart_id, 3, 4 * parts.MIB - 1)
    service.world.objects.put_part(service.stored(large["upload_id"]).multipart_id, 4, 1)
    return [complete(small), complete(large)]


@row("complete, and the bytes have another checksum")
def _(service: Service) -> list[Call]:
    return [complete(service.sent(checksum=OTHER)), complete(service.sent(), checksum=OTHER)]


@row("complete with another checksum than the slot's")
def _(service: Service) -> list[Call]:
    slot = service.sent(checksum=OTHER)
    right = service.world.objects.whole_checksum(service.stored(slot["upload_id"]).multipart_id)
    return [complete(slot, checksum=right.model_dump())]


@row("complete with a CRC32C that the slot has not")
def _(service: Service) -> list[Call]:
    return [complete(service.sent(), checksum=CRC32C)]


@row("complete twice")
def _(service: Service) -> list[Call]:
    slot, _ = service.joined()
    return [complete(slot), complete(slot)]


@row("sign, list or abort after completion")
def _(service: Service) -> list[Call]:
    slot, _ = service.joined()
    return [sign(slot, 1), listing(slot), abort(slot)]


@row("sign, list or complete after abort")
def _(service: Service) -> list[Call]:
    slot = service.sent()
    assert service(abort(slot))[0] == 204
    return [sign(slot, 1), listing(slot), complete(slot)]


@row("abort twice")
def _(service: Service) -> list[Call]:
    slot = service.sent()
    assert service(abort(slot))[0] == 204
    return [abort(slot)]
