"""What speaks for one entry rather than another, and how much each of it counts."""

import numpy as np

FEATURES = (
    "alike", "asked", "known", "turns",
    "usual alike", "usual asked", "usual known", "usual turns",
    "topic", "letters", "manner", "near", "around",
)  # fmt: skip
"""What the ranking weighs. The first four are those of the entry's best phrasing for each; the
usual ones are means over its phrasings."""
RANKING = np.array(
    (
        (2.59, -2.94, 0.55, 5.19, 1.22, 1.72, 0.11, 1.39, 6.24, 1.39, 1.41, 0.0, 0.0),
        (1.52, -3.47, -0.12, 2.51, 0.63, 0.51, 0.08, -0.08, 5.67, 2.06, -0.07, 6.06, 1.72),
        (1.30, -1.64, -0.60, 0.01, 1.24, -0.13, 0.06, 0.00, 4.10, 2.51, 0.00, 9.28, 3.38),
    ),
    dtype=np.float32,
)
"""Weights of `FEATURES`: by words alone; with vectors; with vectors for an entry that is told in
another language. Fitted by benchmarks/ranking.py."""
BY_WORDS = RANKING[0, : FEATURES.index("near")]
"""Of what is measured without vectors."""
