"""Phone numbers at rest: sealed with AES-256-GCM, found again by a keyed hash. The key never enters the database."""

import base64
import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

_KEY_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D, section 5.2.1.1


class SealError(Exception):
    """The key is not one of ours, or not the one that these numbers were sealed with."""


def new_key() -> str:
    """A fresh key as it stands in the key file: base64 of 32 random bytes."""
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


class Seal:
    """Seals and opens phone numbers, and makes the hash they are looked up by."""

    def __init__(self, key: SecretStr) -> None:
        """Derive one key for sealing and another for looking up.

        Raises:
            SealError: when the text is not base64 of 32 bytes.
        """
        try:
            master = base64.b64decode(key.get_secret_value(), validate=True)
        except ValueError:
            master = b""
        if len(master) != _KEY_BYTES:
            raise SealError(
                "the key is not base64 of 32 bytes: restore the key file, or make one with `broadcaster init`"
            )
        self._cipher = AESGCM(_derived(master, b"seal"))
        self._lookup = _derived(master, b"lookup")

    def close(self, number: str) -> str:
        """A number as it is stored; different each time."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, number.encode(), None)).decode()

    def open(self, sealed: str) -> str:
        """A stored number as it can be called.

        Raises:
            SealError: when it was sealed with another key or has been tampered with.
        """
        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None).decode()
        except (InvalidTag, ValueError):
            raise SealError(
                "this key does not open the subscribers' numbers: use the key file they were made with"
            ) from None

    def lookup(self, number: str) -> str:
        """What a number is found by: always the same for one number and key, and telling nothing without the key."""
        return hmac.new(self._lookup, number.encode(), hashlib.sha256).hexdigest()


def _derived(master: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=b"broadcaster numbers " + purpose).derive(master)
