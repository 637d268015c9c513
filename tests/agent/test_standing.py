"""What only a call may know is there again for its next stream, and for nobody else."""

import base64
from collections.abc import Sequence

from agent.standing import Standing
from knowledge.clerk import Clerk, Known
from knowledge.events import nowhere
from knowledge.office import Office
from knowledge.privacy import Masked
from knowledge.privacy.kinds import Kind
from knowledge.privacy.vault import Vault
from knowledge.sealed import Seal
from knowledge.tool import Tool

SEAL = Seal([b"0123456789abcdef"])
CARD = "4111111111111111"
NONE: Sequence[Tool] = ()


def clerk(office: Office | None = None) -> Clerk:
    return Clerk(NONE, office=office, call="CA1", emit=nowhere)  # type: ignore[arg-type]


def vault(*masked: Masked) -> Vault:
    made = Vault()
    made.keep(masked)
    return made


def test_the_next_stream_knows_what_was_given_and_who_the_caller_is() -> None:
    before = clerk()
    before.resume(Known({"policy": "AB-1234567"}, True, 2))
    sealed = Standing("CA1", SEAL, vault(Masked(Kind.CARD, CARD)), before).pack()
    assert CARD.encode() not in base64.b64decode(sealed)
    held, after = Vault(), clerk()
    Standing("CA1", SEAL, held, after).unpack(sealed)
    assert held.fill("[card number]") == CARD
    assert after.known == Known({"policy": "AB-1234567"}, True, 2)


def test_another_call_learns_nothing_of_it() -> None:
    sealed = Standing("CA1", SEAL, vault(Masked(Kind.CARD, CARD)), None).pack()
    held = Vault()
    Standing("CA2", SEAL, held, None).unpack(sealed)
    Standing("CA1", Seal([b"another one"]), held, None).unpack(sealed)
    assert held.held == {}


def test_a_security_code_is_never_among_it() -> None:
    assert Standing("CA1", SEAL, vault(Masked(Kind.CVV, "123")), None).pack() == ""


def test_where_nothing_is_known_nothing_is_sealed() -> None:
    assert Standing("CA1", SEAL, Vault(), clerk()).pack() == ""


def test_tries_that_were_used_up_do_not_come_back() -> None:
    used = clerk()
    used.resume(Known({}, False, 1))
    sealed = Standing("CA1", SEAL, Vault(), used).pack()
    after = clerk()
    Standing("CA1", SEAL, Vault(), after).unpack(sealed)
    known = after.known
    assert known is not None
    assert known.tries == 1
