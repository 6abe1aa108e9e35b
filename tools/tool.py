# SPDX-License-Identifier: MIT
"""How every tool runs as a command: what may go wrong outside it is one line and an exit status, never a traceback."""

import os
import pathlib
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

INTERRUPTED = 128 + signal.SIGINT
UNREAD = 128 + signal.SIGPIPE  # as the shell says of a program that nobody listens to any more


def _leave(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)  # an exception: what is open is closed, whoever was started is ended


def _silence() -> None:
    """What standard output still holds can go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(main: Callable[[], int], *known: type[Exception]) -> NoReturn:
    """Ends with the exit status that main() returns. Its own errors are `known`; their text says all."""
    name = pathlib.Path(sys.argv[0]).name
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        status = main()
        sys.stdout.flush()
    except known as error:
        sys.exit(f"{name}: {error}")
    except BrokenPipeError:
        _silence()
        sys.exit(UNREAD)
    except OSError as error:
        _silence()
        where = f"{error.filename}: " if error.filename else ""
        sys.exit(f"{name}: {where}{error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(status)
