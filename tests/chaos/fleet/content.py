"""What the fleet knows, and what its callers ask. Speech is cheap here: recordings whose words the
simulated recogniser knows, answers that are spoken ahead."""

from pathlib import Path

from agent.simulators.deepgram import Recording
from agent.simulators.twilio import Clip
from tests import recordings

QUESTIONS = {"google_brooklyn": "How old is the Brooklyn Bridge?"}
"""By recording: such a one after which nobody could think that more is to come."""
BUSY = "All lines are busy."
CONTENT = {
    "bridge": """---
id: bridge
department: general
en:
  question: How old is the Brooklyn Bridge?
  phrasings: [how old is the bridge, what age is the Brooklyn Bridge]
  answer: It was opened in the year eighteen eighty three, after fourteen years of work.
---
""",
    "weather": """---
id: weather
department: general
en:
  question: What is the weather like?
  phrasings: [how is the weather, what is the weather]
  answer: It is dry and mild today, and it stays like that until the end of the week.
---
""",
}
AGENT = f"""
greeting: {{en: Hello.}}
phrases:
  en:
    welcome_back: There you are again, please say that once more.
    full: {BUSY}
    goodbye: Goodbye.
"""


def written(folder: Path) -> Path:
    folder.mkdir()
    for name, entry in CONTENT.items():
        (folder / f"{name}.md").write_text(entry)
    (folder / "agent.yaml").write_text(AGENT)
    return folder


def clips(folder: Path) -> list[Clip]:
    return [Clip.read(folder / f"{name}.wav", language="en").trimmed() for name in QUESTIONS]


def known() -> list[Recording]:
    """To the recogniser."""
    found = zip(clips(recordings.folder()), QUESTIONS.items(), strict=True)
    return [Recording(text, "en", clip.pcm, name) for clip, (name, text) in found]
