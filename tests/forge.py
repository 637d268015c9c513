"""Commands without the seconds that their imports take: a process that has imported everything
forks one for each command, which then runs and ends as any other process."""

import atexit
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 65536
"""Bytes of an order."""


class Forge:
    """Of a test process, from its first command on."""

    def __init__(self, *modules: str) -> None:
        """`modules`: what its commands find imported beside the command line."""
        self._folder = tempfile.TemporaryDirectory(prefix="answerline-forge-")
        self._socket = Path(self._folder.name) / "socket"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forge", self._socket, *modules],
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # a process of threads must not fork
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError("the forge does not start")

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate()
        self._folder.cleanup()

    def run(
        self, arguments: list[str], *, folder: Path, environ: Mapping[str, str], given: str,
        within: float,
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """`given` fits into a pipe. Raises TimeoutError."""
        with ExitStack() as stack:
            out, err = (stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(2))
            theirs, ours = os.pipe()
            order = json.dumps([arguments, str(folder), dict(environ)]).encode()
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.settimeout(within)
            connection.connect(str(self._socket))
            socket.send_fds(connection, [order], [theirs, out.fileno(), err.fileno()])
            os.close(theirs)
            with suppress(BrokenPipeError), os.fdopen(ours, "w") as pipe:
                pipe.write(given)
            code = int(connection.recv(16))
            for file in (out, err):
                file.seek(0)
            return subprocess.CompletedProcess(arguments, code, out.read(), err.read())


_forges: dict[tuple[str, ...], Forge] = {}
_starting = threading.Lock()


def forge(*modules: str) -> Forge:
    with _starting:
        if modules not in _forges:
            _forges[modules] = Forge(*modules)
        return _forges[modules]


def close() -> None:
    while _forges:
        _forges.popitem()[1].close()


def _next(listener: socket.socket) -> list[str]:
    """Returns in the process of a command, set up as it was ordered; its arguments."""
    while True:
        connection, _ = listener.accept()
        if os.fork():
            connection.close()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass
            continue
        listener.close()
        order, pipes, _, _ = socket.recv_fds(connection, LONGEST, 3)
        arguments, folder, environ = json.loads(order)
        if command := os.fork():
            for pipe in pipes:
                os.close(pipe)
            _, status = os.waitpid(command, 0)
            connection.send(str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)
        connection.close()
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
            os.close(pipe)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environ)
        return [str(argument) for argument in arguments]


def _main() -> None:
    gc.disable()
    from agent import cli

    for module in sys.argv[2:]:
        import_module(module)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        gc.freeze()
        sys.argv = ["answerline", *_next(listener)]
    _end(_code(cli.main))


def _code(command: Callable[[], None]) -> int:
    try:
        command()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else bool(ended.code)
    except BaseException:  # noqa: BLE001 (as the interpreter does)
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """As the interpreter does, but without what libraries do last: the ONNX runtime waits for a
    thread that was not forked with the rest."""
    with suppress(BrokenPipeError):
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _main()
