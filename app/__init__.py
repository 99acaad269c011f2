"""Signoff: typed plans of actions, decided by policies, run exactly as often as they should, and proved by a log."""

from typing import TYPE_CHECKING

from .lazy import front_door

if TYPE_CHECKING:
    from .actor import Actor as Actor
    from .actor import Identification as Identification
    from .batches import Batch as Batch
    from .cards import Card as Card
    from .engine import Engine as Engine
    from .errors import Refused as Refused
    from .errors import SignoffError as SignoffError
    from .errors import UsageError as UsageError
    from .secret_fields import Wanted as Wanted

__all__ = ["Actor", "Batch", "Card", "Engine", "Identification", "Refused", "SignoffError", "UsageError", "Wanted"]

__getattr__ = front_door(
    __name__,
    {
        "actor": ["Actor", "Identification"],
        "batches": ["Batch"],
        "cards": ["Card"],
        "engine": ["Engine"],
        "errors": ["Refused", "SignoffError", "UsageError"],
        "secret_fields": ["Wanted"],
    },
)
