"""What is open is counted inside the transactions: a limit holds, and a refused transaction counts nothing."""

import pytest

from sluice.domain.errors import WriteConflict
from sluice.domain.upload_errors import QuotaExceeded
from sluice.service.ports import Count, Create, Records
from tests.contract.samples import TENANT, make_upload


def opened(uploads: int = 1, size: int = 10, *, creator: str | None = None, **limits: int) -> Count:
    return Count(TENANT, creator, uploads, size, **limits)


def used(records: Records, creator: str | None = None) -> tuple[int, int]:
    usage = records.usage(TENANT, creator)
    return usage.open_uploads, usage.open_bytes


def test_nothing_is_open_at_first(records: Records) -> None:
    assert used(records) == (0, 0)


def test_counts_add_up_and_come_down(records: Records) -> None:
    records.commit(opened(), opened(creator="ann"))
    records.commit(opened(size=5))
    assert used(records) == (2, 15)
    assert used(records, "ann") == (1, 10)
    records.commit(opened(-1, -10))
    assert used(records) == (1, 5)


@pytest.mark.parametrize("limits", [{"max_uploads": 2}, {"max_bytes": 20}])
def test_up_to_the_limit_and_not_above(records: Records, limits: dict[str, int]) -> None:
    for _ in range(2):
        records.commit(opened(**limits))
    upload = make_upload()
    with pytest.raises(QuotaExceeded):
        records.commit(Create(upload), opened(**limits))
    assert used(records) == (2, 20)
    assert records.upload(TENANT, upload.id) is None


def test_the_first_one_is_held_to_the_limit_as_well(records: Records) -> None:
    with pytest.raises(QuotaExceeded):
        records.commit(opened(size=21, max_bytes=20))
    assert used(records) == (0, 0)


def test_a_conflict_is_told_before_a_quota(records: Records) -> None:
    upload = make_upload()
    records.commit(Create(upload), opened())
    with pytest.raises(WriteConflict):
        records.commit(Create(upload), opened(max_uploads=1))
    assert used(records) == (1, 10)


def test_fetches_have_a_limit_of_their_own(records: Records) -> None:
    def fetch(fetches: int) -> Count:
        return Count(TENANT, None, fetches, 0, fetches=fetches, max_fetches=2 if fetches > 0 else None)

    records.commit(opened())
    records.commit(fetch(1))
    records.commit(fetch(1))
    with pytest.raises(QuotaExceeded):
        records.commit(fetch(1))
    records.commit(fetch(-1))
    records.commit(fetch(1))
    assert records.usage(TENANT, None).open_fetches == 2
    assert used(records) == (3, 10)
