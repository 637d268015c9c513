"""What only a call itself may know, where others keep it for its sake: encrypted with its own key.

AES-256-GCM; the key is derived from the deployment's secret and the CallSid, which is bound to the
text as well. https://csrc.nist.gov/pubs/sp/800/38/d/final
"""

import base64
import binascii
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_TAG = 16


class Seal:
    """Of a deployment."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        """The first one seals; what any of them sealed is opened, so that a secret can change."""
        self._secrets = tuple(secrets)

    def renew(self, secrets: Sequence[bytes]) -> None:
        """From now on these, for calls that are on as well."""
        self._secrets = tuple(secrets)

    def close(self, call: str, text: bytes) -> str:
        """ASCII; the same text twice is never the same."""
        nonce = os.urandom(_NONCE)
        sealed = self._box(self._secrets[0], call).encrypt(nonce, text, call.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, call: str, sealed: str) -> bytes | None:
        """None for what was not sealed for this call by this deployment, or was changed since."""
        try:
            packed = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(packed) < _NONCE + _TAG:
            return None
        for secret in self._secrets:
            try:
                box = self._box(secret, call)
                return box.decrypt(packed[:_NONCE], packed[_NONCE:], call.encode())
            except InvalidTag:
                continue
        return None

    @staticmethod
    def _box(secret: bytes, call: str) -> AESGCM:
        return AESGCM(hmac.digest(secret, b"answerline resume state\0" + call.encode(), "sha256"))
