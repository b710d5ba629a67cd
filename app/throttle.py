"""Not more of anybody than the service can bear."""

import math
import time
from dataclasses import dataclass
from typing import NoReturn

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from app.errors import TooMany


class Throttle:
    """At most so many things a minute by each of many; counted in this process."""

    def __init__(self, per_minute: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerMinute(per_minute)

    def check(self, who: str) -> None:
        """Refuse if `who` has done it too often.

        Raises:
            TooMany: with the seconds to wait.
        """
        if not self._limiter.test(self._limit, who):
            self._refuse(who)

    def take(self, who: str) -> None:
        """Count that `who` does it once more.

        Raises:
            TooMany: too often, with the seconds to wait.
        """
        if not self._limiter.hit(self._limit, who):
            self._refuse(who)

    def _refuse(self, who: str) -> NoReturn:
        reset, _ = self._limiter.get_window_stats(self._limit, who)
        wait = max(1, math.ceil(reset - time.time()))
        raise TooMany(f"请求过于频繁，请 {wait} 秒后重试", headers={"Retry-After": str(wait)})


@dataclass(frozen=True, slots=True)
class Throttles:
    """What is counted."""

    requests: Throttle  #: by user
    refusals: Throttle  #: of those, by user: one a minute goes on record
    failed_sign_ins: Throttle  #: by address
