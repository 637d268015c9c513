"""What histograms are cut into."""

FAST = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds: what should take no time."""
HEARD = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0)
"""Seconds: what a caller waits through."""
SHARES = tuple(number / 20 for number in range(1, 20))
"""Probabilities."""
LONG = (5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
"""Seconds: a call."""
COLLECTED = (5, 10, 15, 20, 30, 45, 60, 90, 120)
"""Seconds: a number that a caller gives."""
