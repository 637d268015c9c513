"""What the web application is given: everything it does not do itself."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from starlette.websockets import WebSocket

from agent.doctor import Row
from agent.erasing import Erase
from agent.fleet.front import Front
from agent.line.protocol import Start
from agent.line.signature import Signature
from agent.line.token import Tokens
from agent.operator import Operator
from agent.web.desk import Desk
from agent.web.doors import Doors
from agent.web.keys import Gate, Keys
from agent.web.limit import Limits
from agent.web.routes.ask import Ask
from agent.web.routes.fleet import Control
from agent.web.strangers import Strangers
from knowledge.events import Emit, nowhere


async def _nothing() -> Sequence[Row]:
    return ()


async def _not_done() -> None:
    return


@dataclass(frozen=True, slots=True)
class House:
    public: str
    """Root of the service as Twilio sees it."""
    signature: Signature
    tokens: Tokens
    answer: Callable[[WebSocket, Start], Awaitable[None]]
    """Holds the call on an accepted, validated stream; returns when the stream is over."""
    ended: Callable[[str], Awaitable[bool]]
    """Whether the call of this CallSid is over by our own decision."""
    over: Callable[[str, str], None]
    """Twilio says that the call of this CallSid is over, and with which outcome."""
    doors: Doors
    operator: Operator | None = None
    """Puts callers through; None: nobody is."""
    strangers: Strangers = field(default_factory=Strangers)
    """Who knocks without a signature."""
    emit: Emit = nowhere
    recognise: Callable[[str], str] = lambda _number: ""
    """What a caller is kept under, of the number; "" for a withheld one."""
    exposition: Callable[[], bytes] = bytes
    """Metrics in Prometheus' text format."""
    examine: Callable[[], Awaitable[Sequence[Row]]] = _nothing
    """Asks each dependency; slow, and never on a call's way."""
    gate: Gate = field(default_factory=lambda: Gate(Keys(), Limits()))
    """Who may look at metrics and dependencies, ask, and change something."""
    front: Front = field(default_factory=Front)
    """Who comes in, and where all others go."""
    move: Callable[[], Awaitable[None]] = _not_done
    """Moves the running calls to other workers."""
    reread: Callable[[], Awaitable[None]] = _not_done
    """Reads secrets again."""
    ask: Ask | None = None
    """What the knowledge base would answer."""
    erase: Erase | None = None
    """Makes everything by a caller, or of a call, gone."""
    control: Control | None = None
    """The fleet, and what is done with running calls."""
    desk: Desk | None = None
    """Decisions, outcomes, thresholds, experiments."""
    start_deadline: float = 5.0
    """Seconds from an accepted websocket to its `start`."""
    version: str = ""
