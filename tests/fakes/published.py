"""A tenant with one published asset, and everything that a player needs to watch it."""

import json
import re
from datetime import UTC, datetime
from functools import cache
from urllib.parse import parse_qs, urljoin, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sluice.adapters.playback_tokens import JwtPlaybackTokens
from sluice.adapters.signing_secret import private_key
from sluice.adapters.url_signatures import CloudFrontUrlSigner
from sluice.domain.models import Asset, AssetVersion, PlaybackLookup, Rendition
from sluice.domain.pictures import Storyboard
from sluice.domain.playback_tokens import new_session
from sluice.domain.playback_urls import parse_play_request, play_url
from sluice.domain.states import AssetState
from sluice.service.denials import DenialLog
from sluice.service.playback import PlaybackPorts, Playlist, Redirect, play
from sluice.service.ports import Create, Replace
from tests.fakes import packager_output
from tests.fakes.denials import FakeDenials
from tests.fakes.playlist_files import FakePlaylistFiles
from tests.fakes.records import FakeRecords

NOW = datetime(2026, 12, 1, 10, 0, 0, 500_000, tzinfo=UTC)
MEDIA = "https://media.example"
TENANT = "ten_01kb5y0000000000000000000a"
OTHER_TENANT = "ten_01kb5y0000000000000000000b"
ASSET = "ast_01kb5y0000000000000000000a"
PLAYBACK = "plb_01kb5y0000000000000000000a"
OTHER_PLAYBACK = "plb_01kb5y0000000000000000000b"
SESSION = "ses_01kb5y0000000000000000000a"
FIRST_VERSION = "ver_01kb5y0000000000000000000a"
SECOND_VERSION = "ver_01kb5y0000000000000000000b"
KEY_PAIR = "K2JCJMDEHXQW5F"


def secret() -> str:
    """A signing secret as the custom resource stores it."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return json.dumps({"generation": 1, "private_key_pem": pem.decode()})


@cache
def token_key() -> ec.EllipticCurvePrivateKey:
    return private_key(secret())


@cache
def url_key() -> ec.EllipticCurvePrivateKey:
    return private_key(secret())


def version(version_id: str = FIRST_VERSION, *, duration_s: float = 12.0, poster: bool = True) -> AssetVersion:
    return AssetVersion(
        id=version_id,
        tenant_id=TENANT,
        asset_id=ASSET,
        job_id="job_01kb5y0000000000000000000a",
        attempt=1,
        duration_s=duration_s,
        frames=300,
        renditions=(
            Rendition(name="v720", kind="video", codec="avc1.64001f", bitrate=2_500_000, width=1280, height=720),
            Rendition(name="v360", kind="video", codec="avc1.42c01e", bitrate=700_000, width=640, height=360),
            Rendition(name="audio", kind="audio", codec="mp4a.40.2", bitrate=128_000),
        ),
        has_poster=poster,
        storyboard=Storyboard(interval_s=2, tiles=6, tile_width=192, tile_height=108, columns=3, rows=1)
        if poster
        else None,
        has_preview=poster,
        created_at=NOW,
    )


class Published:
    """Records, playlists and keys of one tenant's asset; `fetch` is what CloudFront hands to `playback`."""

    def __init__(self, *, duration_s: float = 12.0, poster: bool = True, segments: int = 2) -> None:
        self.records = FakeRecords()
        self.files = FakePlaylistFiles()
        self.tokens = JwtPlaybackTokens(token_key())
        self.asset = Asset(
            id=ASSET,
            tenant_id=TENANT,
            state=AssetState.READY,
            upload_id="upl_01kb5y0000000000000000000a",
            playback_ids=(PLAYBACK,),
            playable=True,
            active_version=FIRST_VERSION,
            created_at=NOW,
            updated_at=NOW,
            correlation_id="test",
        )
        lookup = PlaybackLookup(playback_id=PLAYBACK, tenant_id=TENANT, asset_id=ASSET)
        self.records.commit(Create(self.asset), Create(lookup))
        self.add_version(version(duration_s=duration_s, poster=poster), segments=segments)
        self.ports = PlaybackPorts(
            records=self.records,
            files=self.files,
            tokens=self.tokens,
            urls=CloudFrontUrlSigner(url_key(), KEY_PAIR),
            media_base_url=MEDIA,
            denials=DenialLog(lambda: FakeDenials(self.records)),
        )

    def add_version(self, added: AssetVersion, *, segments: int = 2) -> None:
        self.records.commit(Create(added))
        prefix = added.playlists_prefix
        texts = packager_output.version_files(prefix, videos=["v720", "v360"], audio=True, segments=segments)
        self.files.files.update(texts)

    def change_asset(self, **changes: object) -> None:
        self.asset = self.asset.model_copy(update={**changes, "version": self.asset.version + 1})
        self.records.commit(Replace(self.asset))

    def opening(self, file: str, *, ttl_s: int = 300, tenant_id: str = TENANT) -> str:
        """A session's URL, issued at NOW."""
        claims = new_session(session_id=SESSION, playback_id=PLAYBACK, tenant_id=tenant_id, ttl_s=ttl_s, now=NOW)
        return play_url(MEDIA, PLAYBACK, file, self.tokens.issue(claims))

    def fetch(self, url: str, *, at: datetime) -> Playlist | Redirect:
        parts = urlsplit(url)
        request = parse_play_request(parts.path, parts.query)
        return play(request, request_id="request-1", now=at, ports=self.ports)

    def playlist(self, url: str, *, at: datetime) -> str:
        answer = self.fetch(url, at=at)
        assert isinstance(answer, Playlist)
        return answer.body

    def children(self, master_url: str, *, at: datetime) -> dict[str, str]:
        """The playlists that a master names: file name -> absolute URL."""
        found = [urljoin(master_url, uri) for uri in uris(self.playlist(master_url, at=at))]
        return {url.partition("?")[0].rpartition("/")[2]: url for url in found}


def uris(playlist: str) -> list[str]:
    """Every URI of an HLS playlist, in attributes and on lines of their own."""
    return re.findall(r'URI="([^"]+)"', playlist) + re.findall(r"^[^#\s].*$", playlist, re.MULTILINE)


def token_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["token"][0]
