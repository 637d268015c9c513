"""The content's vectors at Pinecone: asked in production, filled by `answerline kb sync`.

The vendor's client does what no caller waits for (`knowledge.pinecone.sync`). The question itself
is one plain HTTP request: on an index that client repeats what failed, up to three times, cannot be
told not to, and opens connections of its own.
"""

from knowledge.pinecone.account import Account
from knowledge.pinecone.answerers import Embedded, Pinecone
from knowledge.pinecone.space import Space

__all__ = ["Account", "Embedded", "Pinecone", "Space"]
