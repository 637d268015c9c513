"""Thousands of calls, one after the other, on one worker: nothing of a finished one may stay."""
