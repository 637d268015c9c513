"""Redis as a cluster: keys lie on several servers, each asked over connections of its own.

The library has a client for it. It opens all connections anew where one answer is late, sleeps a
quarter of a second where a slot has no server, and begins a thread with an event loop for each
command of a transaction: nothing that a call could wait for.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline, PubSub
from redis.exceptions import AskError, ClusterCrossSlotError, ClusterDownError, ResponseError
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as Overdue

from knowledge.slots import Address, Nodes, Place, slot

REDIRECTED = 3
"""Times that an operation follows a slot which has moved."""
Command = tuple[tuple[Any, ...], Mapping[str, Any]]


class Cluster(Redis):
    """A client as any other: what is sent together goes to all servers that it concerns at once. A
    transaction keeps to one slot, and so does a command, a script for one."""

    def __init__(self, nodes: Nodes, budget: float, *, owner: bool) -> None:
        """`budget`: seconds for an answer. `owner`: to close it closes the connections."""
        super().__init__(connection_pool=nodes.node(nodes.seed).share(budget))
        self._nodes = nodes
        self._budget = budget
        self._owner = owner

    def sharing(self, budget: float) -> "Cluster":
        """Another client of the same connections; to close it closes none."""
        return Cluster(self._nodes, budget, owner=False)

    async def servers(self) -> list[Redis]:
        """A client for each server that writes. Raises RedisError."""
        return [self._client(address) for address in await self._nodes.primaries()]

    def _client(self, address: Address) -> Redis:
        return Redis(connection_pool=self._nodes.node(address).share(self._budget))

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] == "PING":  # whether all of them are there
            every = [Place(address) for address in await self._nodes.primaries()]
            found = await self._ask_each({place: [(args, options)] for place in every})
            _raise_first([answer for answers in found.values() for answer in answers])
            return True
        (answer,) = await self.carry_out([(args, options)])
        return answer

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _Batch(self, transaction=transaction)

    def pubsub(self, **options: Any) -> PubSub:
        """Whatever is published at one server is heard at all."""
        return self._client(self._nodes.any()).pubsub(**options)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        if self._owner:
            await self._nodes.close()

    async def carry_out(
        self, commands: Sequence[Command], *, transaction: bool = False
    ) -> list[Any]:
        """Their answers. Raises RedisError, after all were sent."""
        if transaction and len({slot(args) for args, _ in commands}) > 1:
            raise ClusterCrossSlotError("a transaction keeps to one slot")
        answers: dict[int, Any] = {}
        places = {number: await self._place(args) for number, (args, _) in enumerate(commands)}
        for _ in range(REDIRECTED + 1):
            answers |= await self._round(commands, places, transaction=transaction)
            places = {
                number: self._nodes.moved(answers[number], place.address)
                for number, place in places.items()
                if isinstance(answers[number], AskError)
            }
            if not places:
                break
        else:
            raise ClusterDownError("a slot keeps moving")
        return _raise_first([answers[number] for number in range(len(commands))])

    async def _place(self, args: Sequence[Any]) -> Place:
        found = slot(args)
        if found is None:
            return Place(random.choice(await self._nodes.primaries()))  # noqa: S311
        return Place(await self._nodes.owner(found))

    async def _round(
        self, commands: Sequence[Command], places: Mapping[int, Place], *, transaction: bool
    ) -> dict[int, Any]:
        """Answers, errors that are answers among them. Raises RedisError where there are none."""
        parts: dict[Place, list[int]] = {}
        for number, place in places.items():
            parts.setdefault(place, []).append(number)
        found = await self._ask_each(
            {place: [commands[number] for number in numbers] for place, numbers in parts.items()},
            transaction=transaction,
        )
        answers: dict[int, Any] = {}
        for place, numbers in parts.items():
            answers |= zip(numbers, found[place], strict=True)
        return answers

    async def _ask_each(
        self, parts: Mapping[Place, Sequence[Command]], *, transaction: bool = False
    ) -> dict[Place, list[Any]]:
        """All at once. Raises RedisError when all have answered, or could not."""
        asked = (
            self._part(place, commands, transaction=transaction)
            for place, commands in parts.items()
        )
        found = await asyncio.gather(*asked, return_exceptions=True)
        answers: dict[Place, list[Any]] = {}
        for place, answer in zip(parts, found, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            answers[place] = answer
        return answers

    async def _part(
        self, place: Place, commands: Sequence[Command], *, transaction: bool
    ) -> list[Any]:
        share = self._nodes.node(place.address).share(self._budget)
        batch = Pipeline(share, self.response_callbacks, transaction, None)
        for args, options in commands:
            if place.asking:
                batch.execute_command("ASKING")
            batch.execute_command(*args, **options)
        try:
            answers = await batch.execute(raise_on_error=False)
        except ResponseError as error:  # of a transaction
            return [error] * len(commands)
        except (Disconnected, Overdue):
            self._nodes.doubt()
            raise
        if any(isinstance(answer, ClusterDownError) for answer in answers):
            self._nodes.doubt()
        return answers[1::2] if place.asking else answers


class _Batch(Pipeline):
    def __init__(self, cluster: Cluster, *, transaction: bool) -> None:
        super().__init__(cluster.connection_pool, cluster.response_callbacks, transaction, None)
        self._cluster = cluster

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands, self.command_stack = self.command_stack, []
        if not commands:
            return []
        return await self._cluster.carry_out(commands, transaction=self.is_transaction)

    async def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        raise NotImplementedError("there is no WATCH in a cluster: use a script")


def _raise_first(answers: list[Any]) -> list[Any]:
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
