"""Which index at Pinecone, and the names that phrasings have in it."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from knowledge.chain import Fault

DIMENSIONS = 768
"""Of the index; vectors of fewer are filled up with zeros, which changes no cosine."""
METRIC = "cosine"
PREFIX = "answerline#"
"""Before each id: what somebody else keeps in the same namespace is neither used nor deleted."""


@dataclass(frozen=True, slots=True)
class Account:
    key: str = field(repr=False)
    index: str = "call-centre-tickets-prod"
    namespace: str = ""
    host: str = ""
    """Root of the index's own address; "": looked up by name."""
    controller: str = "https://api.pinecone.io"


def ids(phrasings: Iterable[str], marks: Iterable[str]) -> dict[str, str]:
    """Per id at Pinecone: the phrasing.

    The id holds the mark of text and embedding, so that a vector of an older text, or of another
    embedding, is never taken for this one, and a list of ids tells what has to be changed.
    """
    return {
        f"{PREFIX}{quote(name, safe='#')}#{mark}": name
        for name, mark in zip(phrasings, marks, strict=True)
    }


def root(host: str) -> str:
    """The address, with its scheme, without a slash at its end. Raises Fault."""
    address = host if "://" in host else f"https://{host}"
    parts = urlsplit(address)
    if parts.scheme != "https" and not _loopback(parts.hostname or ""):
        raise Fault("broken", "Pinecone without TLS")
    return address.rstrip("/")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
