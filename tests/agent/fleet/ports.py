"""Free ports that follow one another, as workers have them."""

import socket
from contextlib import ExitStack


def free_ports(count: int) -> int:
    """The first of them."""
    while True:
        with ExitStack() as stack:
            first = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            try:
                for number in range(1, count):
                    stack.enter_context(socket.create_server(("127.0.0.1", first + number)))
            except (OSError, OverflowError):
                continue
            return int(first)
