"""What `make audit` runs: vulnerabilities, code, secrets, licences, bill of materials.

Exits 0 when everything was looked at and nothing was found, 1 when something was found, 3 when
nothing was found but something could not be looked at: that is said, not passed. Details lie in
reports/.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT / "reports"
BIN = Path(sys.executable).parent
SHIPPED = ["agent", "processors", "knowledge"]
SCANNED = [*SHIPPED, "benchmarks", "tests", "deploy", "docs", ".ci"]
STRONG_COPYLEFT = re.compile(r"(?<!L)GPL|(?<!Lesser )General Public License")
REVIEWED = {
    "py-nanotts": "names no licence in its metadata; its LICENSE.md and SVOX Pico are Apache-2.0",
}
"""Packages whose licence a person has read, and what it was."""

REPORTED = ("vulnerabilities.json", "bandit.json", "licences.json", "sbom.json")
BASELINE = ".secrets.baseline"
UNSCANNED = {BASELINE, "requirements.lock", ".env"}
SHOWN = 5
"""Packages that are named where many could not be looked at."""
ADDRESS = re.compile(r"\b(?:https?://|host=)\S+")

SERVICES = ("pypi", "osv")
"""Advisories: the second one is asked where the first one knows nothing, as behind a mirror."""
FOUND, UNCHECKED = 1, 3


@dataclass(frozen=True)
class Verdict:
    """All is well where both are empty."""

    found: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    """What could not be looked at, and why."""

    @property
    def text(self) -> str:
        return "FOUND" if self.found else "NOT CHECKED" if self.unchecked else "ok"


def run(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [BIN / tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def failed(done: subprocess.CompletedProcess[str]) -> Verdict:
    why = done.stderr.strip().splitlines()[-1:] or ["no answer"]
    return Verdict(unchecked=(ADDRESS.sub("…", why[0])[:300],))


def vulnerabilities() -> Verdict:
    failures: list[str] = []
    for service in SERVICES:
        verdict = advised(service)
        if verdict.found or not verdict.unchecked:
            return verdict
        failures += (f"{service}: {why}" for why in verdict.unchecked)
    return Verdict(unchecked=tuple(failures))


def advised(service: str) -> Verdict:
    report = REPORTS / "vulnerabilities.json"
    report.unlink(missing_ok=True)
    done = run(
        "pip-audit", "--requirement", "requirements.lock", "--require-hashes", "--disable-pip",
        "--vulnerability-service", service, "--progress-spinner", "off", "--format", "json",
        "--output", report,
    )  # fmt: skip
    if not report.exists():
        return failed(done)
    packages = load(report)["dependencies"]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    found = tuple(
        f"{package['name']} {package['version']}: {flaw['id']}"
        for package in packages
        for flaw in package.get("vulns", [])
    )
    if not skipped:
        return Verdict(found)
    some = ", ".join(skipped[:SHOWN]) + (", …" if len(skipped) > SHOWN else "")
    return Verdict(found, (f"knows nothing of {len(skipped)} of {len(packages)}: {some}",))


def code() -> Verdict:
    report = REPORTS / "bandit.json"
    done = run("bandit", "--quiet", "--recursive", *SHIPPED, "-ll", "-f", "json", "-o", report)
    if not report.exists():
        return failed(done)
    return Verdict(
        tuple(
            f"{finding['filename']}:{finding['line_number']}: {finding['issue_text']}"
            for finding in [*load(report)["results"], *map(unreadable, load(report)["errors"])]
        )
    )


def unreadable(error: dict[str, str]) -> dict[str, Any]:
    return {"filename": error["filename"], "line_number": 0, "issue_text": error["reason"]}


def secrets() -> Verdict:
    """What .secrets.baseline does not know. A person has looked at each entry of it."""
    done = run("detect-secrets", "scan", *scanned())
    if done.returncode:
        return failed(done)
    known = set(findings(load(ROOT / BASELINE)))
    now = findings(json.loads(done.stdout))
    return Verdict(tuple(where for finding, where in now.items() if finding not in known))


def findings(scan: dict[str, Any]) -> dict[tuple[str, str, str], str]:
    """File, kind and digest, which stay when a line moves; and where it is, for people."""
    return {
        (file, one["type"], one["hashed_secret"]): f"{file}:{one['line_number']}: {one['type']}"
        for file, found in scan["results"].items()
        for one in found
    }


def scanned() -> list[str]:
    files = [path for folder in SCANNED for path in sorted((ROOT / folder).rglob("*"))]
    files += [path for path in sorted(ROOT.iterdir()) if path.name not in UNSCANNED]
    return [
        str(path.relative_to(ROOT))
        for path in files
        if path.is_file() and "__pycache__" not in path.parts
    ]


def licences() -> Verdict:
    """Strong copyleft in what is shipped, and licences that nobody knows; tools are exempt."""
    report = REPORTS / "licences.json"
    done = run("pip-licenses", "--from=mixed", "--format=json", f"--output-file={report}")
    if done.returncode:
        return failed(done)
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    tools = {
        re.split(r"[^\w.-]", line)[0]
        for extra in ("test", "check", "audit")
        for line in extras[extra]
    }
    return Verdict(
        tuple(
            f"{package['Name']} {package['Version']}: {package['License']}"
            for package in load(report)
            if package["Name"] not in tools | REVIEWED.keys()
            and (STRONG_COPYLEFT.search(package["License"]) or package["License"] == "UNKNOWN")
        )
    )


def materials() -> Verdict:
    report = REPORTS / "sbom.json"
    done = run(
        "cyclonedx-py", "environment", "--pyproject", "pyproject.toml",
        "--output-format", "JSON", "--output-file", report, sys.executable,
    )  # fmt: skip
    return Verdict() if report.exists() else failed(done)


def load(report: Path) -> Any:
    return json.loads(report.read_text("utf-8"))


def main(arguments: list[str]) -> int:
    if arguments == ["--secrets"]:
        (ROOT / BASELINE).write_text(run("detect-secrets", "scan", *scanned()).stdout, "utf-8")
        return 0
    REPORTS.mkdir(exist_ok=True)
    for old in REPORTED:  # the folder holds other people's reports too
        (REPORTS / old).unlink(missing_ok=True)
    checks: list[Callable[[], Verdict]] = [code, secrets, licences, materials, vulnerabilities]
    verdicts: list[Verdict] = []
    for check in checks:
        verdict = check()
        verdicts.append(verdict)
        sys.stdout.write(f"{check.__name__:<16}{verdict.text}\n")
        for line in verdict.found + verdict.unchecked:
            sys.stdout.write(f"    {line}\n")
        sys.stdout.flush()
    if any(verdict.found for verdict in verdicts):
        return FOUND
    return UNCHECKED if any(verdict.unchecked for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
