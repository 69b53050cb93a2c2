import pytest

from sluice.service.intake import parse_key

TENANT, UPLOAD = "ten_" + "0" * 26, "upl_" + "1" * 26


def test_our_keys_name_tenant_and_upload() -> None:
    assert parse_key(f"uploads/{TENANT}/{UPLOAD}") == (TENANT, UPLOAD)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "uploads",
        f"uploads/{TENANT}",
        f"uploads/{UPLOAD}/{TENANT}",
        f"uploads/{TENANT}/{UPLOAD}/x",
        f"media/{TENANT}/{UPLOAD}",
        f"uploads/{TENANT}/{UPLOAD}\n",
        f"uploads/../{UPLOAD}",
    ],
)
def test_other_keys_are_not_ours(key: str) -> None:
    assert parse_key(key) is None
