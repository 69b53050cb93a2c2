"""Where a version's objects stand in the media bucket, and what may be signed or granted for them.

`media/...` is served with signatures, `playlists/...` is read by `playback` alone.
"""


def media_prefix(tenant_id: str, asset_id: str, version_id: str) -> str:
    return f"media/{tenant_id}/{asset_id}/{version_id}/"


def playlists_prefix(tenant_id: str, asset_id: str, version_id: str) -> str:
    return f"playlists/{tenant_id}/{asset_id}/{version_id}/"
