"""Hostile input on every way in: `python -m tests.fuzz`, and its short form in the tests."""
