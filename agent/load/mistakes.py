"""What a user got wrong, in one sentence."""


class Mistake(ValueError):
    """Names the setting and what was expected; no traceback is needed to understand it."""
