"""Parts on their way into the bucket, a few at a time, in threads."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType


class PartUploads:
    """`most` parts at once: `submit` waits for the oldest beyond that, so that memory has a bound."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pool = ThreadPoolExecutor(max_workers=most, thread_name_prefix="part")
        self._pending: deque[Future[None]] = deque()

    def __enter__(self) -> "PartUploads":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """What runs is waited for: a part that ends after its upload was aborted would stay in the bucket."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, store: Callable[[], None]) -> None:
        """Raises what an earlier part failed with."""
        while len(self._pending) >= self._most:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(store))

    def drain(self) -> None:
        """Until every part is stored. Raises what one failed with."""
        while self._pending:
            self._pending.popleft().result()
