"""What the record store keeps of encoding profiles: a part of `service.ports.Records`."""

from typing import Protocol

from sluice.domain.encoding import CurrentProfile, EncodingProfile


class ProfileRecords(Protocol):
    def encoding_profile(self, tenant_id: str, profile_id: str, revision: int | None) -> EncodingProfile | None:
        """One revision, or the newest one; of an archived profile, too."""
        ...

    def current_profile(self, tenant_id: str, profile_id: str) -> CurrentProfile | None:
        """None when it is archived."""
        ...

    def current_profiles(self, tenant_id: str) -> list[EncodingProfile]: ...
