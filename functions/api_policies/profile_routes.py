"""Encoding profiles over HTTP."""

from collections.abc import Callable
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from functions.api_policies.profile_models import ChangeEncodingProfile, CreateEncodingProfile, EncodingProfileView
from sluice import bootstrap
from sluice.domain.ids import Prefix
from sluice.http import Cursor, IdempotencyKey, Limit, Page, caller, created, keyed, needs, no_content
from sluice.http.preconditions import IfMatch, etag, versioned, wanted_versions
from sluice.service import cursors, encoding_profiles, idempotency

ALL, ONE = "/v1/encoding-profiles", "/v1/encoding-profiles/<profile_id>"
OPTIONS: dict[str, Any] = {"security": needs("assets:write"), "tags": ["encoding profiles"]}
OfVersion = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="An earlier one; left out: the newest.")]


def add_to(app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiPolicies]) -> None:
    add_reading(app, deps)

    @app.post(ALL, status_code=201, summary="Create an encoding profile", **OPTIONS)
    def create_encoding_profile(
        body: Annotated[CreateEncodingProfile, Body()], idempotency_key: IdempotencyKey = None
    ) -> Response[EncodingProfileView]:
        d, tenant_id = deps(), caller(app).tenant_id
        profile, replayed = idempotency.once(
            keyed(app, idempotency_key),
            fresh_id=d.new_id(Prefix.ENCODING_PROFILE),
            make=lambda profile_id: encoding_profiles.create_profile(
                body.command(profile_id, tenant_id), records=d.records, now=d.now
            ),
            find=lambda profile_id: d.records.encoding_profile(tenant_id, profile_id, None),
            records=d.records,
            now=d.now,
        )
        return created(EncodingProfileView.of(profile), replayed=replayed, headers=etag(profile.revision))

    @app.patch(ONE, summary="Change an encoding profile: its next version", **OPTIONS)
    def change_encoding_profile(
        profile_id: str, body: Annotated[ChangeEncodingProfile, Body()], if_match: IfMatch = None
    ) -> Response[EncodingProfileView]:
        d, command = deps(), body.command(profile_id, caller(app).tenant_id, wanted_versions(if_match))
        profile = encoding_profiles.change_profile(command, records=d.records, now=d.now)
        return versioned(EncodingProfileView.of(profile), profile.revision)

    @app.delete(ONE, status_code=204, summary="Archive an encoding profile", **OPTIONS)
    def archive_encoding_profile(profile_id: str, if_match: IfMatch = None) -> Response[None]:
        tenant_id, versions = caller(app).tenant_id, wanted_versions(if_match)
        encoding_profiles.archive_profile(profile_id, tenant_id=tenant_id, versions=versions, records=deps().records)
        return no_content()


def add_reading(app: APIGatewayHttpResolver, deps: Callable[[], bootstrap.ApiPolicies]) -> None:
    @app.get(ALL, summary="List encoding profiles that are not archived, newest first", **OPTIONS)
    def list_encoding_profiles(limit: Limit = 25, cursor: Cursor = None) -> Page[EncodingProfileView]:
        d, tenant_id = deps(), caller(app).tenant_id
        before = cursor and cursors.unseal(cursor, key=d.cursor_key(), tenant_id=tenant_id, route=ALL)
        found, position = encoding_profiles.list_profiles(
            tenant_id=tenant_id, records=d.records, limit=limit, before=before
        )
        following = position and cursors.seal(position, key=d.cursor_key(), tenant_id=tenant_id, route=ALL)
        return Page(data=[EncodingProfileView.of(profile) for profile in found], next_cursor=following)

    @app.get(ONE, summary="Get an encoding profile", **OPTIONS)
    def get_encoding_profile(profile_id: str, version: OfVersion = None) -> Response[EncodingProfileView]:
        profile, archived = encoding_profiles.get_profile(
            profile_id, revision=version, tenant_id=caller(app).tenant_id, records=deps().records
        )
        return versioned(EncodingProfileView.of(profile, archived=archived), profile.revision)
