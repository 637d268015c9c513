"""The promises of a stage, and the kit that runs any processor through them.

One line of test: `await check(Shout, TranscriptionFrame("hello", "caller", ""))`. One test id for
each promise: `@pytest.mark.parametrize("promise", PROMISES, ids=str)`.
"""

from processors.contract.bench import Bench
from processors.contract.promises import PROMISES, BrokenPromise, Promise, check

__all__ = ["PROMISES", "Bench", "BrokenPromise", "Promise", "check"]
