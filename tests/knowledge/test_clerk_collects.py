"""A number that a tool asks for is collected by the call, and never handed over by the model."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import httpx2
import pytest

from knowledge.clerk import Clerk
from knowledge.collecting import Collecting
from knowledge.events import nowhere
from knowledge.office import Office
from knowledge.privacy.vault import Vault
from knowledge.tool import Ask, Bound, Identity, Tool, tool

WHICH = Ask({"en": "Which policy?"}, collect="policy", into="number")
VALUE = "AB1234567"


@dataclass
class World:
    """A clerk whose one tool wants a number and a word."""

    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.vault = Vault()
        self.collecting = Collecting(
            {"policy": r"[A-Z]{2}-\d{7}"}, clock=lambda: 0.0, today=lambda: date(2026, 10, 1)
        )
        self.clerk = Clerk(
            [self.tool()],
            office=Office(
                "http://127.0.0.1:9",
                http=httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)),
            ),
            call="CA1",
            emit=nowhere,
            vault=self.vault,
            collecting=self.collecting,
        )

    def tool(self) -> Tool:
        @tool(identifies=True, summary={"en": "Unknown."})
        async def who(office: Bound[Office], number: str = "", word: str = "") -> object:
            """Says who is calling."""
            self.asked.append((number, word))
            if not number:
                return WHICH
            return Identity({}) if number == VALUE else None

        return who

    def give(self, number: str) -> None:
        self.collecting.turn(number, "en")
        self.collecting.turn("yes", "en")
        self.clerk.heard("yes", "Is that right?")

    async def carry_on(self) -> str:
        """What the model's seam does with what is granted."""
        granted = self.clerk.granted
        assert granted is not None
        arguments = granted.arguments.model_dump()
        assert VALUE not in str(arguments)
        return (await self.clerk.use(granted.tool.name, arguments, "en")).word


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    assert not world.collecting.open


async def test_the_tool_runs_again_with_the_confirmed_number(world: World) -> None:
    assert (await world.clerk.use("who", {}, "en")).say == "Which policy?"
    assert world.collecting.open
    world.collecting.turn("AB 1234567", "en")
    world.collecting.turn("yes", "en")
    assert world.clerk.waiting, "the caller's yes is for the tool, not for the knowledge"
    world.clerk.heard("yes", "Is that right?")
    assert world.clerk.given == ["[policy number]"]
    assert await world.carry_on() == "done"
    assert world.asked == [("", ""), (VALUE, "")]


async def test_a_number_that_matches_nothing_is_collected_anew(world: World) -> None:
    await world.clerk.use("who", {}, "en")
    world.give("CD 7654321")
    assert await world.carry_on() == "nothing"
    assert world.clerk.given == []
    world.give("AB 1234567")
    assert await world.carry_on() == "done"


async def test_what_the_model_hands_over_itself_ends_the_collection(world: World) -> None:
    await world.clerk.use("who", {}, "en")
    assert (await world.clerk.use("who", {"number": VALUE}, "en")).word == "done"


async def test_nothing_of_it_outlives_the_call(world: World) -> None:
    await world.clerk.use("who", {}, "en")
    world.give("AB 1234567")
    assert world.vault.fill("[policy number]") == VALUE
    await world.clerk.close()
    assert world.vault.fill("[policy number]") == "[policy number]"


def test_a_security_code_is_not_even_held() -> None:
    vault = Vault()
    vault.hold("security code", "123")
    assert vault.fill("[security code]") == "[security code]"
