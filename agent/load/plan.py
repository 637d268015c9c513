"""How many callers, how fast they come, for how long, and what they do."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.load.mistakes import Mistake
from agent.load.scenario import Scenario
from agent.simulators.twilio import Account, Conditions
from agent.simulators.twilio.account import is_loopback


@dataclass(frozen=True, slots=True)
class Plan:
    """Raises `Mistake` for what cannot be meant."""

    url: str
    """The agent's voice webhook as the agent knows itself."""
    scenarios: tuple[Scenario, ...]
    users: int = 1
    """Callers on the line at the same time; each calls again when a call is over."""
    spawn_rate: float = 1.0
    """Callers that join a second, until all are there."""
    seconds: float = 60.0
    """After which no new call is begun."""
    pause: float = 1.0
    """Seconds between a caller's calls."""
    grace: float = 30.0
    """Seconds that running calls have at the end before they are cut short."""
    account: Account = field(default_factory=Account)
    conditions: Conditions = field(default_factory=Conditions)
    dial: str = ""
    """Root that stands for the webhook's host, e.g. `http://127.0.0.1:8080`."""
    yes: bool = False
    """Addresses other than loopback may be dialled."""
    seed: int = 1

    def __post_init__(self) -> None:
        for problem in (self._numbers(), self._address()):
            if problem:
                raise Mistake(problem)

    def _numbers(self) -> str:
        if self.users < 1:
            return f"users: {self.users}, expected at least 1"
        if self.spawn_rate <= 0:
            return f"spawn rate: {self.spawn_rate:g}, expected more than 0 callers a second"
        if self.seconds <= 0:
            return f"duration: {self.seconds:g}, expected more than 0 seconds"
        if self.pause < 0 or self.grace < 0:
            return "pause and grace: expected 0 seconds or more"
        if not self.scenarios or sum(scenario.weight for scenario in self.scenarios) <= 0:
            return "scenarios: none were given"
        return ""

    def _address(self) -> str:
        for name, url in (("url", self.url), ("dial", self.dial)):
            if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc):
                return (
                    f"{name}: {url!r}, expected an address like http://127.0.0.1:8080/twilio/voice"
                )
        if not self.url:
            return "url: empty, expected the agent's voice webhook"
        target = self.dial or self.url
        if not self.yes and not is_loopback(target):
            return f"url: {target} is not on this machine; --yes dials it all the same"
        return ""

    def arrival(self, user: int) -> float:
        """Seconds after the start at which the user (from 0) makes the first call."""
        return user / self.spawn_rate
