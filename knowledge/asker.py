"""The call that asks: what all calls share tells it who has failed on the way of its turn."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from weakref import WeakMethod

from knowledge.events import Emit, Switched

Mark = Callable[[Switched], None]


@dataclass(frozen=True, slots=True)
class _Asker:
    call: str
    mark: WeakMethod[Mark]
    """Weak: connections that were opened for a call keep its context, and stay open after it."""


_ASKER: ContextVar[_Asker | None] = ContextVar("asker", default=None)


def asks(call: str, mark: Mark) -> None:
    """From now on this task, and each one that it starts, asks for this call. `mark`: a method."""
    _ASKER.set(_Asker(call, WeakMethod(mark)))


def tell(switched: Switched, emit: Emit) -> None:
    """Tells everybody, with the CallSid of the call that asks, where one does; and marks its
    turn."""
    asker = _ASKER.get()
    if asker is None:
        emit(switched)
        return
    switched = replace(switched, call=asker.call)
    emit(switched)
    if (mark := asker.mark()) is not None:
        mark(switched)
