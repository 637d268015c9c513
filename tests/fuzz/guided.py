"""python -m tests.fuzz.guided SECONDS: texts and messages, guided by coverage. Wants `atheris`."""

import sys

import atheris

with atheris.instrument_imports(include=["agent.line", "knowledge"]):
    from agent.line.protocol import parse
    from tests.fuzz import texts

TONGUES = texts.languages()


def one(data: bytes) -> None:
    """A call's utterances, one a line; the same bytes as a message."""
    parse(data, "MZ1")
    said = data.decode("utf-8", "replace").split("\n", maxsplit=4)
    texts.told([texts.cleaned(text) for text in said])
    texts.understood(said[0], TONGUES)


if __name__ == "__main__":
    seconds = int(float(sys.argv[1]))
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=6000", "-verbosity=0"], one)
    atheris.Fuzz()
