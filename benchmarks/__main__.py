"""`python -m benchmarks`: stock and Answerline side by side, as `make bench` runs them."""

import sys

from benchmarks.sides.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
