"""Playback tokens as ES256 JWTs: implements `service.ports.PlaybackTokens`.

Only the signature is checked here. What the claims mean, and whether their time is over, is decided in
`sluice.domain.playback_tokens` against the caller's clock.
"""

import hashlib
from collections.abc import Mapping

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sluice.domain.errors import PlaybackDenied
from sluice.domain.playback_tokens import Claims, to_payload

ALGORITHM = "ES256"


class JwtPlaybackTokens:
    def __init__(self, private_key: EllipticCurvePrivateKey) -> None:
        self._private_key = private_key
        self._public_key = private_key.public_key()
        der = self._public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.key_id = hashlib.sha256(der).hexdigest()[:16]

    def issue(self, claims: Claims) -> str:
        return jwt.encode(to_payload(claims), self._private_key, algorithm=ALGORITHM, headers={"kid": self.key_id})

    def read(self, token: str) -> Mapping[str, object]:
        try:
            decoded = jwt.decode_complete(
                token,
                self._public_key,
                algorithms=[ALGORITHM],
                options={"verify_exp": False, "verify_iat": False},  # times: see the module's first lines
            )
        except jwt.PyJWTError as error:
            raise PlaybackDenied() from error
        if decoded["header"].get("kid") != self.key_id:
            raise PlaybackDenied()
        payload: Mapping[str, object] = decoded["payload"]
        return payload
