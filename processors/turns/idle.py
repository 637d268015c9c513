"""Nobody says anything: when to ask whether the caller is still there."""


class Idle:
    """Pure; `now` in monotonic seconds. Only words and the agent's own speech count as life: noise
    that opens the voice activity detection for ever keeps no call open."""

    def __init__(self, after: float, longest: float, now: float) -> None:
        """`after` seconds of silence, `longest` seconds of speech without a word yet."""
        self._after = after
        self._longest = longest
        self._since = now
        self._until = 0.0
        self.asked = 0
        """Prompts since the caller's last words."""

    def agent_spoke(self, now: float) -> None:
        self._since = now

    def words(self, now: float) -> None:
        self._since = now
        self._until = 0.0
        self.asked = 0

    def wait(self, now: float, seconds: float) -> None:
        """The caller asked for a moment: no prompt for so long."""
        self._until = now + seconds

    def due(self, now: float, *, busy: bool, speaking: bool) -> float:
        """Seconds until the next prompt; 0.0 or less: now.

        `busy`: the agent speaks or owes an answer. `speaking`: there is speech without words yet.
        """
        due = max(self._since + self._after, self._until) - now
        if busy:
            return max(due, 0.25)
        if speaking and due + self._longest > 0:
            return max(due, 0.5)
        return due
