"""`answerline pipeline new`: a stage and a test that pass as they are, or nothing at all."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.scaffold import Unusable, write

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Looks like this project, and finds the real one's packages beside its own."""
    (tmp_path / "tests" / "processors").mkdir(parents=True)
    (tmp_path / "processors" / "contract").mkdir(parents=True)
    for name in ("__init__.py", "stage.py", "contract/__init__.py"):
        (tmp_path / "processors" / name).touch()
    return tmp_path


def run_pytest(folder: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Without any plugin or setting of ours."""
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(folder)]
    return subprocess.run(
        [*command, "-p", "no:asyncio", "-p", "no:cacheprovider", *paths],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{ROOT}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_in_this_project_the_stage_and_its_test_stand_with_the_others(project: Path) -> None:
    before = files(project)
    said = write("spell_out", project)
    assert files(project) - before == {
        "processors/spell_out.py",
        "tests/processors/test_spell_out.py",
    }
    assert "SpellOut()," in said
    assert "from processors.spell_out import SpellOut" in said


def test_what_is_written_passes_the_checks_of_this_project(project: Path) -> None:
    write("spell_out", project)
    ruff = Path(sys.executable).with_name("ruff")
    config = ["--config", str(ROOT / "pyproject.toml")]
    for command in (["check", "--no-cache"], ["format", "--no-cache", "--check"]):
        done = subprocess.run(
            [ruff, *command, *config, "processors", "tests"],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_in_somebody_elses_package_the_written_test_passes(tmp_path: Path) -> None:
    package = tmp_path / "acme"
    package.mkdir()
    (package / "__init__.py").touch()
    assert "from acme.tidy import Tidy" in write("tidy", package)
    assert files(tmp_path) == {"acme/__init__.py", "acme/tidy.py", "tests/test_tidy.py"}
    done = run_pytest(tmp_path, tmp_path / "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_package_below_src_has_its_tests_beside_src(tmp_path: Path) -> None:
    inner = tmp_path / "src" / "acme" / "stages"
    inner.mkdir(parents=True)
    (inner / "__init__.py").touch()
    (inner.parent / "__init__.py").touch()
    assert "from acme.stages.tidy import Tidy" in write("tidy", inner)
    assert (tmp_path / "tests" / "test_tidy.py").is_file()


def test_in_any_other_folder_the_two_files_stand_side_by_side(tmp_path: Path) -> None:
    write("tidy", tmp_path)
    assert files(tmp_path) == {"tidy.py", "test_tidy.py"}


@pytest.mark.parametrize(
    "name", ["", "Tidy", "1st", "class", "a-b", "../evil", "a__b", "_a", "a_", "señal", "a b"]
)
def test_what_is_no_name_is_refused_with_an_example(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="such as `shout`"):
        write(name, tmp_path)
    assert files(tmp_path) == set()


@pytest.mark.parametrize("name", ["stage", "frame", "transcription_frame"])
def test_a_class_that_exists_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="which exists"):
        write(name, tmp_path)


def test_a_module_of_python_is_not_shadowed(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="module of Python"):
        write("json", tmp_path)


@pytest.mark.parametrize(
    "taken", ["processors/tidy.py", "processors/tidy/__init__.py", "tests/processors/test_tidy.py"]
)
def test_nothing_that_exists_is_overwritten(taken: str, project: Path) -> None:
    (project / taken).parent.mkdir(exist_ok=True)
    (project / taken).write_text("mine")
    before = files(project)
    with pytest.raises(Unusable, match="exists already"):
        write("tidy", project)
    assert files(project) == before
    assert (project / taken).read_text() == "mine"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="elsewhere is not a folder"):
        write("tidy", tmp_path / "elsewhere")


def test_when_the_test_cannot_be_written_the_stage_is_not_left_behind(tmp_path: Path) -> None:
    package = tmp_path / "acme"
    package.mkdir()
    (package / "__init__.py").touch()
    (tmp_path / "tests").write_text("a file where the folder should be")
    with pytest.raises(Unusable, match="nothing was written"):
        write("tidy", package)
    assert files(tmp_path) == {"acme/__init__.py", "tests"}
