"""A worker outlives its supervisor by the calls it has, however that one dies: it holds the other
end of a pipe. Its port goes to whoever comes next, and is answered at every moment: a balancer that
finds nobody there cuts the calls.
"""

import asyncio
import os
import socket
import struct
import sys
from contextlib import closing, suppress
from dataclasses import dataclass

PIPE = 0
"""Standard input, of which a worker needs nothing else."""
ANSWER = 5.0
"""Seconds that a worker has to hand its port over; its event loop may be held."""
CREDENTIALS = struct.Struct("3i")
"""Process, user and group at the other end of a socket, unix(7)."""


async def parted(pipe: int = PIPE) -> None:
    """Returns when nobody holds the other end."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        if not os.read(pipe, 64):
            gone.set()

    loop.add_reader(pipe, read)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(pipe)


async def bequeath(listener: socket.socket, place: str) -> None:
    """Returns when whoever has `inherited` the listener answers there. `place`: the same for both,
    of one machine. Never, where the kernel knows no names that vanish with their process: not on
    Linux."""
    if sys.platform != "linux":
        await asyncio.Event().wait()
    loop = asyncio.get_running_loop()
    with closing(socket.socket(socket.AF_UNIX)) as door:
        door.setblocking(False)
        door.bind(_name(place))
        door.listen()
        while True:
            heir, _ = await loop.sock_accept(door)
            heir.setblocking(False)
            with closing(heir), suppress(OSError):
                if _user(heir) == os.getuid():
                    socket.send_fds(heir, [b"."], [listener.fileno()])
                    if await loop.sock_recv(heir, 1):
                        return  # else it has died, and another one may come


@dataclass(frozen=True, slots=True)
class Inheritance:
    """A port that a worker without a supervisor goes on to serve until `enter`."""

    listener: socket.socket
    testator: socket.socket
    """To that worker; while it is open and nothing was said, that one serves too."""

    def enter(self) -> None:
        with closing(self.testator), suppress(OSError):
            self.testator.send(b".")


def inherited(place: str) -> Inheritance | None:
    """None where there is no such worker."""
    if sys.platform != "linux":
        return None
    door = socket.socket(socket.AF_UNIX)
    door.settimeout(ANSWER)
    with suppress(OSError):
        door.connect(_name(place))
        if _user(door) == os.getuid():
            _, descriptors, _, _ = socket.recv_fds(door, 1, 1)
            if descriptors:
                listener = socket.socket(fileno=descriptors[0])
                listener.setblocking(False)
                return Inheritance(listener, door)
    door.close()
    return None


def _name(place: str) -> str:
    return f"\0answerline {place}"


def _user(peer: socket.socket) -> int:
    """Anybody may take a name of this kind, and knock at one."""
    said = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    user: int = CREDENTIALS.unpack(said)[1]
    return user
