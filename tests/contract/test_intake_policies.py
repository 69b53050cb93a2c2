"""Intake policies over every record store: limits, changes that meet each other, and snapshots."""

import pytest

from sluice.adapters.metadata_schemas import JsonMetadataSchemas
from sluice.domain.errors import InvalidRequest, PreconditionFailed, TenantNotFound, WriteConflict
from sluice.domain.ids import Prefix
from sluice.domain.intake import IntakePolicy, IntakeRules, Quotas
from sluice.domain.models import Tenant
from sluice.domain.upload_errors import IntakePolicyLimitReached, IntakePolicyNotFound, InvalidMetadataSchema
from sluice.service.intake_policies import (
    MAX_POLICIES,
    NewPolicy,
    PolicyChange,
    change_policy,
    create_policy,
    delete_policy,
    get_policy,
    list_policies,
)
from sluice.service.ports import Create, Records, Write
from tests.contract.samples import MOMENT, TENANT, new_id
from tests.fakes.records import FakeRecords
from tests.fakes.time import FakeClock

SCHEMAS = JsonMetadataSchemas()
ALL_RULES = IntakeRules(
    max_bytes=5_000_000_000_000,
    max_duration_s=90.5,
    allowed_types=("video/*", "audio/mp4"),
    allowed_origins=("https://app.example.com",),
    upload_ttl_s=3_600,
    metadata_schema='{"required":["course"]}',
    review="required",
    on_interrupt="abort",
    quotas=Quotas(max_open_uploads=10, max_open_bytes_per_creator=10**12),
)
clock = FakeClock()


@pytest.fixture(name="records")
def records_of_a_tenant(records: Records) -> Records:
    records.commit(Create(Tenant(id=TENANT, name="Ada", created_at=MOMENT)))
    return records


def create(records: Records, rules: IntakeRules = ALL_RULES, tenant_id: str = TENANT) -> IntakePolicy:
    command = NewPolicy(new_id(Prefix.INTAKE_POLICY), tenant_id, "Lectures", rules)
    return create_policy(command, records=records, schemas=SCHEMAS, now=clock)


def change(
    records: Records,
    policy: IntakePolicy,
    *,
    versions: frozenset[int] | None = None,
    name: str | None = None,
    quotas: dict[str, int | None] | None = None,
    **rules: object,
) -> IntakePolicy:
    wanted = PolicyChange(policy.id, TENANT, versions, name, rules, quotas or {})
    return change_policy(wanted, records=records, schemas=SCHEMAS, now=clock)


def read(records: Records, policy: IntakePolicy) -> IntakePolicy:
    return get_policy(policy.id, tenant_id=TENANT, records=records)


def test_every_rule_is_kept(records: Records) -> None:
    policy = create(records)
    assert (policy.rules, policy.version) == (ALL_RULES, 1)
    assert read(records, policy) == policy


def test_a_change_leaves_the_rest_alone(records: Records) -> None:
    policy = create(records)
    clock.tick(seconds=5)
    after = change(records, policy, max_bytes=None, quotas={"max_open_uploads": None, "max_open_bytes": 7})
    quotas = Quotas(max_open_bytes=7, max_open_bytes_per_creator=10**12)
    assert after.rules == ALL_RULES.model_copy(update={"max_bytes": None, "quotas": quotas})
    assert (after.version, after.name, after.updated_at) == (2, "Lectures", clock())
    assert read(records, policy) == after


def test_a_change_that_changes_nothing_is_no_new_version(records: Records) -> None:
    policy = create(records)
    clock.tick(seconds=5)
    assert change(records, policy, name="Lectures", max_bytes=ALL_RULES.max_bytes) == policy == read(records, policy)


def test_a_change_of_what_was_changed_meanwhile(records: Records) -> None:
    policy = create(records)
    change(records, policy, name="First")
    with pytest.raises(PreconditionFailed):
        change(records, policy, versions=frozenset({1}), name="Second")
    with pytest.raises(PreconditionFailed):
        delete_policy(policy.id, tenant_id=TENANT, versions=frozenset(), records=records)
    assert read(records, policy).name == "First"
    assert change(records, policy, versions=frozenset({1, 2}), name="Third").version == 3


@pytest.mark.parametrize(
    ("rules", "pointers"),
    [
        ({"allowed_types": ("video/mp4", "video", "text/html", "*/*", "Video/mp4", "video/")}, [1, 2, 3, 4, 5]),
        (
            {"allowed_origins": ("https://a.example", "a.example", "https://a.example/", "null", "*", "https://*.a")},
            [1, 2, 3, 4, 5],
        ),
    ],
)
def test_types_and_origins_that_cannot_be(records: Records, rules: dict[str, object], pointers: list[int]) -> None:
    [field] = rules
    policy = create(records)
    for attempt in (
        lambda: create(records, IntakeRules.model_validate(rules)),
        lambda: change(records, policy, **rules),
    ):
        with pytest.raises(InvalidRequest) as caught:
            attempt()
        assert [(one.pointer, one.code) for one in caught.value.errors] == [
            (f"/{field}/{number}", "bad_format") for number in pointers
        ]
    assert read(records, policy) == policy
    assert len(records.intake_policies(TENANT)) == 1


def test_origins_are_kept_as_browsers_write_them(records: Records) -> None:
    origins = (
        "HTTPS://App.Example.com:443",
        "https://app.example.com",
        "http://localhost:3000",
        "capacitor://localhost",
    )
    rules = create(records, IntakeRules(allowed_origins=origins)).rules
    assert rules.allowed_origins == ("https://app.example.com", "http://localhost:3000", "capacitor://localhost")


def test_a_schema_that_cannot_be_used(records: Records) -> None:
    policy = create(records)
    with pytest.raises(InvalidMetadataSchema):
        create(records, IntakeRules(metadata_schema='{"requried":["course"]}'))
    with pytest.raises(InvalidMetadataSchema):
        change(records, policy, metadata_schema='{"$ref":"https://example.com/"}')
    assert change(records, policy, metadata_schema=None).rules.metadata_schema is None


def test_deleted_once(records: Records) -> None:
    policy = create(records)
    delete_policy(policy.id, tenant_id=TENANT, versions=None, records=records)
    with pytest.raises(IntakePolicyNotFound):
        delete_policy(policy.id, tenant_id=TENANT, versions=None, records=records)
    with pytest.raises(IntakePolicyNotFound):
        change(records, policy, name="Again")
    assert records.intake_policies(TENANT) == []


def test_another_tenants_policy_is_as_unknown_as_none(records: Records) -> None:
    policy = create(records)
    stranger = new_id(Prefix.TENANT)
    for policy_id in (policy.id, new_id(Prefix.INTAKE_POLICY), "ipl_x", "POLICY#"):
        with pytest.raises(IntakePolicyNotFound):
            get_policy(policy_id, tenant_id=stranger, records=records)
        with pytest.raises(IntakePolicyNotFound):
            delete_policy(policy_id, tenant_id=stranger, versions=None, records=records)
    with pytest.raises(TenantNotFound):
        create(records, tenant_id=stranger)
    assert read(records, policy) == policy


def test_at_most_a_hundred_and_in_pages(records: Records) -> None:
    made = [create(records, IntakeRules()).id for _ in range(MAX_POLICIES)]
    with pytest.raises(IntakePolicyLimitReached):
        create(records)
    seen: list[str] = []
    before = None
    while True:
        page, before = list_policies(tenant_id=TENANT, records=records, limit=40, before=before)
        seen += [policy.id for policy in page]
        if before is None:
            break
    assert seen == made[::-1]
    delete_policy(made[0], tenant_id=TENANT, versions=None, records=records)
    assert create(records)


class Overtaken(FakeRecords):
    """Somebody else's write is committed between this request's reading and its commit."""

    def __init__(self, stored: FakeRecords) -> None:
        super().__init__()
        self.rows = stored.rows
        self.other = lambda: None

    def commit(self, *writes: Write) -> None:
        other, self.other = self.other, lambda: None
        other()
        super().commit(*writes)


def stored_in_memory() -> FakeRecords:
    stored = FakeRecords()
    stored.commit(Create(Tenant(id=TENANT, name="Ada", created_at=MOMENT)))
    return stored


def test_two_requests_cannot_both_be_the_hundredth() -> None:
    stored = stored_in_memory()
    for _ in range(MAX_POLICIES - 1):
        create(stored)
    overtaken = Overtaken(stored)
    overtaken.other = lambda: create(stored) and None
    with pytest.raises(IntakePolicyLimitReached):
        create(overtaken)
    assert len(stored.intake_policies(TENANT)) == MAX_POLICIES


def test_two_changes_at_the_same_moment_both_hold() -> None:
    stored = stored_in_memory()
    policy = create(stored)
    overtaken = Overtaken(stored)
    overtaken.other = lambda: change(stored, policy, max_bytes=7) and None
    after = change(overtaken, policy, name="Mine")
    assert (after.name, after.rules.max_bytes, after.version) == ("Mine", 7, 3)


def test_of_two_conditional_changes_at_the_same_moment_one_is_told() -> None:
    stored = stored_in_memory()
    policy = create(stored)
    overtaken = Overtaken(stored)
    overtaken.other = lambda: change(stored, policy, versions=frozenset({1}), max_bytes=7) and None
    with pytest.raises(PreconditionFailed):
        change(overtaken, policy, versions=frozenset({1}), name="Mine")
    assert read(stored, policy).name == "Lectures"


def test_a_change_that_never_gets_through_says_so() -> None:
    stored = stored_in_memory()
    policy = create(stored)

    class Busy(FakeRecords):
        def commit(self, *writes: Write) -> None:
            raise WriteConflict()

    busy = Busy()
    busy.rows = stored.rows
    with pytest.raises(WriteConflict):
        change(busy, policy, name="Mine")
