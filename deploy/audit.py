"""What `make audit` runs: vulnerabilities, code, secrets, licences, bill of materials.

Exits 0 only when everything was looked at and nothing was found. What could not be looked at is
called that, not passed. Details lie in reports/.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
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

BASELINE = ".secrets.baseline"
UNSCANNED = {BASELINE, "requirements.lock", ".env"}
MOVED = 3
"""detect-secrets: the known ones stand on other lines now, and the baseline says so."""

Verdict = str
"""Empty where all is well."""


def run(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [BIN / tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def vulnerabilities() -> Verdict:
    report = REPORTS / "vulnerabilities.json"
    done = run(
        "pip-audit", "--requirement", "requirements.lock", "--require-hashes", "--disable-pip",
        "--progress-spinner", "off", "--format", "json", "--output", report,
    )  # fmt: skip
    if not report.exists():
        why = done.stderr.strip().splitlines()[-1:] or ["no answer"]
        return f"NOT CHECKED: the advisory service cannot be used: {why[0][:300]}"
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}"
        for package in load(report)["dependencies"]
        for flaw in package.get("vulns", [])
    ]
    skipped = [p["name"] for p in load(report)["dependencies"] if "skip_reason" in p]
    if skipped:
        found.append(f"NOT CHECKED: {', '.join(skipped)}")
    return "\n".join(found)


def code() -> Verdict:
    report = REPORTS / "bandit.json"
    done = run("bandit", "--quiet", "--recursive", *SHIPPED, "-ll", "-f", "json", "-o", report)
    if not report.exists():
        return f"NOT CHECKED: {done.stderr.strip()[-300:]}"
    return "\n".join(
        f"{finding['filename']}:{finding['line_number']}: {finding['issue_text']}"
        for finding in [*load(report)["results"], *map(unreadable, load(report)["errors"])]
    )


def unreadable(error: dict[str, str]) -> dict[str, Any]:
    return {"filename": error["filename"], "line_number": 0, "issue_text": error["reason"]}


def secrets() -> Verdict:
    """What .secrets.baseline does not know. A person has looked at each entry of it."""
    done = run("detect-secrets-hook", "--baseline", BASELINE, *scanned())
    return done.stdout.strip() if done.returncode not in {0, MOVED} else ""


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
        return f"NOT CHECKED: {done.stderr.strip()[-300:]}"
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    tools = {
        re.split(r"[^\w.-]", line)[0]
        for extra in ("test", "check", "audit")
        for line in extras[extra]
    }
    return "\n".join(
        f"{package['Name']} {package['Version']}: {package['License']}"
        for package in load(report)
        if package["Name"] not in tools | REVIEWED.keys()
        and (STRONG_COPYLEFT.search(package["License"]) or package["License"] == "UNKNOWN")
    )


def materials() -> Verdict:
    report = REPORTS / "sbom.json"
    done = run(
        "cyclonedx-py", "environment", "--pyproject", "pyproject.toml",
        "--output-format", "JSON", "--output-file", report, sys.executable,
    )  # fmt: skip
    return "" if report.exists() else f"NOT CHECKED: {done.stderr.strip()[-300:]}"


def load(report: Path) -> Any:
    return json.loads(report.read_text("utf-8"))


def verdicts(checks: list[Callable[[], Verdict]]) -> Iterator[tuple[str, Verdict]]:
    for check in checks:
        yield check.__name__, check()


def main(arguments: list[str]) -> int:
    if arguments == ["--secrets"]:
        (ROOT / BASELINE).write_text(run("detect-secrets", "scan", *scanned()).stdout, "utf-8")
        return 0
    REPORTS.mkdir(exist_ok=True)
    for old in REPORTS.glob("*.json"):
        old.unlink()
    well = True
    for name, verdict in verdicts([code, secrets, licences, materials, vulnerabilities]):
        sys.stdout.write(f"{name:<16}{'ok' if not verdict else ''}\n")
        for line in verdict.splitlines():
            sys.stdout.write(f"    {line}\n")
        sys.stdout.flush()
        well = well and not verdict
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
