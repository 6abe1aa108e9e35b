# SPDX-License-Identifier: MIT
"""How long a process has been silent, in seconds of a computer that it has to itself.

On a loaded machine an emulator's threads wait for a processor: that time is no silence of the guest. Linux tells of each thread how long
it ran and how long it waited (/proc/PID/task/*/schedstat). Where that is not there, seconds are those of the clock.
"""

import pathlib
import time

LOOK = 1.0  # seconds between two looks at the threads


def counted(passed: float, ran: float, waited: float) -> float:
    """Of `passed` seconds those that count: all for a process that sleeps, none for one that only waits for a processor."""
    return passed * (1 - waited / max(ran + waited, passed)) if passed > 0 else 0.0


class Patience:
    """`left` seconds are the process's to go on without a sign of life; `renew` at each one. It ends never if `seconds` is 0."""

    def __init__(self, process_id: int, seconds: float) -> None:
        self.seconds = seconds
        self._tasks = pathlib.Path(f"/proc/{process_id}/task")
        self._used = 0.0
        self._last = time.monotonic(), *self._times()

    def _times(self) -> tuple[float, float]:
        """Seconds that all threads have run, and have waited for a processor."""
        ran = waited = 0
        for path in self._tasks.glob("*/schedstat"):
            try:
                words = path.read_text(encoding="ascii").split()
            except OSError:  # the thread has ended
                continue
            ran, waited = ran + int(words[0]), waited + int(words[1])
        return ran / 1e9, waited / 1e9

    def renew(self) -> None:
        self._used = 0.0
        self._last = time.monotonic(), *self._times()

    def look(self) -> float:
        """Takes in what has passed since the last look; how long to wait until the next, 0.0: patience is at its end."""
        now = time.monotonic(), *self._times()
        passed, ran, waited = (later - earlier for earlier, later in zip(self._last, now))
        self._last = now
        self._used += counted(passed, max(ran, 0.0), max(waited, 0.0))
        return LOOK if self.seconds == 0 else max(0.0, min(LOOK, self.seconds - self._used))
