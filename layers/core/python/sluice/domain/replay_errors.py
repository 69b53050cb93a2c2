"""What replays and redrives of webhooks are refused for."""

from sluice.domain.errors import InvalidRequest, NotFound, TooManyRequests


class ReplayNotFound(NotFound):
    code = "replay_not_found"
    message = "There is no such replay."


class ReplayTooLarge(InvalidRequest):
    code = "replay_too_large"
    message = "More than 10,000 deliveries or events are in this time; choose a shorter one."


class TooManyRedrives(TooManyRequests):
    code = "too_many_redrives"
    message = "What was sent again takes the next 13 minutes; ask again in a minute."


class TooManyReplays(TooManyRequests):
    code = "too_many_replays"
    message = "Five replays of this tenant run already; let one end first."
