"""What stands for a secret where everybody may look: a salted commitment, and what opens it.

Whoever has the commitment alone cannot try out what it stands for, not even a PIN of four digits: the salt is as secret
as the value, and kept with it. This module is a leaf: every folder may import it.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Self

COMMITMENT = "commitment"  # the key under which it stands in an action's canonical JSON
SALT = 32  # bytes
BLOCK = 64  # bytes: what is encrypted is as long as a multiple of it, so that its length tells little of the value's


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A secret value, and the salt of its commitment. Neither is ever shown."""

    value: str = field(repr=False)
    salt: bytes = field(repr=False)

    @classmethod
    def of(cls, value: str) -> Self:
        """*value* with a salt of its own: the same value never has the same commitment twice."""
        return cls(value=value, salt=secrets.token_bytes(SALT))

    @property
    def commitment(self) -> str:
        """HMAC-SHA256 of the value under the salt, as 64 hexadecimal digits: no other value and salt have it."""
        return hmac.digest(self.salt, self.value.encode(), hashlib.sha256).hex()

    def to_bytes(self) -> bytes:
        """The salt, the value's length and the value, padded."""
        value = self.value.encode()
        told = self.salt + len(value).to_bytes(4, "big") + value
        return told + bytes(-len(told) % BLOCK)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` wrote. Raises ValueError for anything else."""
        size = int.from_bytes(data[SALT : SALT + 4], "big")
        found = cls(salt=data[:SALT], value=data[SALT + 4 : SALT + 4 + size].decode())
        if found.to_bytes() != data:
            raise ValueError("not a secret as it was written")
        return found
