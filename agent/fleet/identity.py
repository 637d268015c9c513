"""Who a worker is to the others."""

import socket
from secrets import token_hex
from typing import NewType

WorkerId = NewType("WorkerId", str)
"""One life of one process: whoever comes after it on the same port is somebody else."""


def identity(port: int) -> WorkerId:
    return WorkerId(f"{socket.gethostname()}:{port}:{token_hex(4)}")
