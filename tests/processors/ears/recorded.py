"""The recorded human speech that is not part of the repository; tests that need it skip."""

import os
from pathlib import Path

import pytest

from agent.simulators.deepgram import Recording, from_folder

FOLDER = Path(
    os.environ.get("ANSWERLINE_AUDIO") or Path(__file__).parents[4].joinpath("shared", "audio")
)

needs_recordings = pytest.mark.skipif(
    not (FOLDER / "manifest.json").is_file(),
    reason="recorded speech is absent: set ANSWERLINE_AUDIO to its folder",
)


def recording(name: str) -> Recording:
    return next(each for each in from_folder(FOLDER) if each.name == name)
