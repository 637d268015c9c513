"""Somebody else's package, which makes Answerline hear in capital letters."""
