"""A slot under an intake policy: what is refused before the first byte, and what the upload remembers."""

from typing import Any

import pytest

from sluice.domain.errors import InvalidRequest, SluiceError
from sluice.domain.ids import Prefix
from sluice.domain.intake import IntakePolicy, IntakeRules, Quotas
from sluice.domain.models import Review
from sluice.domain.parts import MIB
from sluice.domain.states import AssetState, UploadState
from sluice.domain.upload_errors import (
    ContentTypeNotAllowed,
    IntakePolicyNotFound,
    MetadataNotAllowed,
    OriginNotAllowed,
    QuotaExceeded,
    UploadTooLarge,
    UploadTooLong,
)
from sluice.service import upload_abort, uploads
from sluice.service.ports import Create, Replace
from tests.unit.world import Who, World

CAMERA = '{"type": "object", "required": ["camera"], "properties": {"camera": {"enum": ["a", "b"]}}}'


@pytest.fixture
def world() -> World:
    return World()


def policy(world: World, **rules: Any) -> IntakePolicy:
    made = IntakePolicy(
        id=world.new_id(Prefix.INTAKE_POLICY),
        tenant_id=world.caller.tenant_id,
        name="phones",
        rules=IntakeRules(**rules),
        created_at=world.now(),
        updated_at=world.now(),
    )
    world.records.commit(Create(made))
    return made


@pytest.mark.parametrize(
    ("rules", "fields", "refusal"),
    [
        ({"max_bytes": 20 * MIB - 1}, {}, UploadTooLarge),
        ({"max_duration_s": 60.0}, {"duration_s": 60.5}, UploadTooLong),
        ({"allowed_types": ("video/webm", "audio/*")}, {}, ContentTypeNotAllowed),
        ({"metadata_schema": CAMERA}, {}, MetadataNotAllowed),
        ({"metadata_schema": CAMERA}, {"metadata": {"camera": "c"}}, MetadataNotAllowed),
        ({"upload_ttl_s": 600}, {"upload_ttl_s": 601}, InvalidRequest),
    ],
)
def test_what_breaks_a_rule_is_refused(
    world: World, rules: dict[str, Any], fields: dict[str, Any], refusal: type[SluiceError]
) -> None:
    made = policy(world, **rules)
    with pytest.raises(refusal):
        world.create(policy_id=made.id, **fields)
    assert world.objects.open == {}
    assert world.records.usage(world.caller.tenant_id, None).open_uploads == 0


@pytest.mark.parametrize(
    ("rules", "fields"),
    [
        ({"max_bytes": 20 * MIB}, {}),
        ({"max_duration_s": 60.0}, {"duration_s": 60.0}),
        ({"max_duration_s": 60.0}, {}),  # the probe will tell
        ({"allowed_types": ("video/mp4",)}, {}),
        ({"allowed_types": ("video/*",)}, {}),
        ({"metadata_schema": CAMERA}, {"metadata": {"camera": "a"}}),
    ],
)
def test_what_keeps_the_rules_is_taken(world: World, rules: dict[str, Any], fields: dict[str, Any]) -> None:
    made = policy(world, **rules)
    upload, _ = world.create(policy_id=made.id, **fields)
    assert (upload.state, upload.policy_id, upload.rules) == (UploadState.OPEN, made.id, made.rules)


def test_the_metadata_s_fault_is_pointed_at(world: World) -> None:
    with pytest.raises(MetadataNotAllowed) as raised:
        world.create(policy_id=policy(world, metadata_schema=CAMERA).id, metadata={"camera": "c"})
    assert [error.pointer for error in raised.value.errors] == ["/metadata/camera"]


@pytest.mark.parametrize("policy_id", ["ipl_" + "0" * 26, "nonsense"])
def test_an_unknown_policy_is_not_found(world: World, policy_id: str) -> None:
    with pytest.raises(IntakePolicyNotFound):
        world.create(policy_id=policy_id)


def test_a_foreign_policy_is_as_unknown(world: World) -> None:
    made = policy(world)
    world.caller = Who(world.new_id(Prefix.TENANT), "r", "c")
    with pytest.raises(IntakePolicyNotFound):
        world.create(policy_id=made.id)


def test_an_upload_keeps_the_rules_it_was_made_under(world: World) -> None:
    made = policy(world, max_bytes=30 * MIB)
    upload, _ = world.create(policy_id=made.id)
    stricter = made.model_copy(update={"rules": IntakeRules(max_bytes=1), "version": 2})
    world.records.commit(Replace(stricter))
    assert world.upload(upload).rules.max_bytes == 30 * MIB


def test_a_policy_s_life_is_the_default_and_the_most(world: World) -> None:
    made = policy(world, upload_ttl_s=600)
    lives = [world.create(policy_id=made.id, **fields)[0] for fields in ({}, {"upload_ttl_s": 60})]
    assert [(upload.expires_at - upload.created_at).total_seconds() for upload in lives] == [600, 60]


def test_review_makes_the_asset_wait(world: World) -> None:
    assert world.create(policy_id=policy(world, review="required").id)[1].review is Review.PENDING
    assert world.create()[1].review is None


# ------------------------------------------------------------------ quotas


@pytest.mark.parametrize(
    "quotas",
    [
        {"max_open_uploads": 2},
        {"max_open_bytes": 45 * MIB},
        {"max_open_uploads_per_creator": 2},
        {"max_open_bytes_per_creator": 45 * MIB},
    ],
)
def test_a_quota_holds_until_an_upload_is_settled(world: World, quotas: dict[str, int]) -> None:
    made = policy(world, quotas=Quotas(**quotas))
    first, _ = world.create(policy_id=made.id, creator_id="ann")
    world.create(policy_id=made.id, creator_id="ann")
    with pytest.raises(QuotaExceeded):
        world.create(policy_id=made.id, creator_id="ann")
    assert len(world.objects.open) == 2  # the refused one's multipart upload is gone
    upload_abort.abort_upload(first.id, caller=world.caller, ports=world.ports)
    world.create(policy_id=made.id, creator_id="ann")


def test_creators_do_not_share_their_quota(world: World) -> None:
    made = policy(world, quotas=Quotas(max_open_uploads_per_creator=1))
    for creator in ("ann", "bob"):
        world.create(policy_id=made.id, creator_id=creator)
    with pytest.raises(QuotaExceeded):
        world.create(policy_id=made.id, creator_id="bob")


def test_a_finished_upload_is_not_open(world: World) -> None:
    world.uploaded()
    assert world.records.usage(world.caller.tenant_id, None).open_uploads == 0
    assert world.records.usage(world.caller.tenant_id, None).open_bytes == 0


# ------------------------------------------------------------------ origins


def test_pages_of_other_origins_are_refused_everywhere(world: World) -> None:
    made = policy(world, allowed_origins=("https://app.example.com",))
    upload, _ = world.create(policy_id=made.id)
    mine = world.caller
    world.caller = Who(mine.tenant_id, "r", "c", origin="https://evil.example.com")
    for refused in (
        lambda: world.create(policy_id=made.id),
        lambda: world.sign(upload, 1),
        lambda: uploads.list_parts(upload.id, caller=world.caller, ports=world.ports),
        lambda: world.request_completion(upload),
        lambda: upload_abort.abort_upload(upload.id, caller=world.caller, ports=world.ports),
    ):
        with pytest.raises(OriginNotAllowed):
            refused()
    world.caller = Who(mine.tenant_id, "r", "c", origin="https://app.example.com")
    assert world.sign(upload, 1)
    world.caller = mine  # no browser: no origin
    assert world.sign(upload, 1)


# ------------------------------------------------------------------ stored only


def test_transcode_none_takes_more_and_makes_no_job(world: World) -> None:
    above = world.ports.limits.max_transcode_bytes + 1
    with pytest.raises(UploadTooLarge):
        world.create(above)
    upload, _ = world.create(20 * MIB, transcode="none")
    world.put_parts(upload)
    world.request_completion(upload)
    world.run_completion(upload)
    assert world.accept(upload) is None
    assert (world.upload(upload).state, world.asset_of(upload).state) == (UploadState.COMPLETE, AssetState.UPLOADED)
    assert world.asset_of(upload).job_id is None
    assert world.accept(upload) is None  # S3 says it twice
    assert world.event_types(upload.asset_id)[-1] == "upload.complete"
    assert world.create(above, transcode="none")[0].size_bytes == above


# ------------------------------------------------------------------ interruption


def test_on_interrupt_abort_gives_up_a_silent_client(world: World) -> None:
    upload, _ = world.create(policy_id=policy(world, on_interrupt="abort").id)
    world.now.tick(seconds=900)
    world.sign(upload, 1)  # it is there
    world.now.tick(seconds=900)
    assert world.records.expired_uploads(before=world.now(), limit=9) == []
    world.now.tick(seconds=121)
    assert [late.id for late in world.records.expired_uploads(before=world.now(), limit=9)] == [upload.id]


def test_on_interrupt_keep_waits_for_the_end(world: World) -> None:
    world.create(policy_id=policy(world).id)
    world.now.tick(seconds=3599)
    assert world.records.expired_uploads(before=world.now(), limit=9) == []
