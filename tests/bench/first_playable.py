"""How soon a standard source can be played: the time of the early rendering over that of the whole ladder.

Both from the file on disk to finished media, on all processors.
"""

from collections.abc import Iterator
from statistics import median

from tests.bench.figure import Figure
from tests.bench.smart_top import rounds

LIMIT = 0.03


def figures() -> Iterator[Figure]:
    yield Figure("first_playable_ratio", median(r.early_s / r.whole_s for r in rounds()), "ratio", LIMIT)
