"""Actions with secret fields, of every effect."""

import base64
import hashlib
import os
import signal
from datetime import timedelta
from pathlib import Path

from signoff.actions import Action, Effect, Execution, Registry, Retry, Secret, action
from signoff.canonical import Json
from signoff.errors import NotDone

USED = Path("used.txt")  # what was used, by its digest: nothing that tests write holds a value
ONCE = Retry(attempts=2, delay=0)


def act(execution: Execution, pin: Secret, how: str) -> Json:
    """What the test wants: *how* says what becomes of it, with its secret wherever it can be."""
    value = pin.reveal()
    with USED.open("a") as used:
        used.write(f"{execution.key} {hashlib.sha256(value.encode()).hexdigest()}\n")
    mark = Path(f"{how}-{execution.key[:16]}")
    first = not mark.exists()
    match how:
        case "return":
            return {"pin": value, value if value.isascii() else "key": [base64.b64encode(f"dana:{value}".encode()).decode()]}
        case "refuse":
            raise NotDone(f"{value} is refused")
        case "fail":
            raise ConnectionError(f"POST /login?pin={value} failed: {value!r}")
        case "lose" if first:
            mark.touch()
            raise ConnectionError(f"no answer to {value}")
        case "die" if first:
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def look(execution: Execution, pin: Secret, how: str = "", note: str | None = None) -> Json:
    """Look something up."""
    return act(execution, pin, how)


def keep(execution: Execution, pin: Secret, how: str = "", note: str | None = None) -> Json:
    """Keep something here."""
    return act(execution, pin, how)


def pay(execution: Execution, pin: Secret, how: str = "", note: str | None = None) -> Json:
    """Pay, at somebody who knows the key."""
    return act(execution, pin, how)


def book(execution: Execution, pin: Secret, how: str = "", note: str | None = None) -> Json:
    """Book, at somebody who can be asked."""
    return act(execution, pin, how)


def booked(execution: Execution, pin: Secret, how: str, note: str | None) -> bool | None:
    """Whether the receiver has it; it wants to see the secret, too."""
    if how == "fail":
        raise ConnectionError(f"{pin.reveal()} is not answered")
    return USED.read_text().count(execution.key) > 1


def shout(execution: Execution, pin: Secret, how: str = "", note: str | None = None, spare: Secret | None = None) -> Json:
    """Do what nobody can tell about afterwards."""
    return act(execution, pin, how)


ACTIONS: tuple[type[Action], ...] = (
    action(effect=Effect.READ)(look),
    action(effect=Effect.LOCAL)(keep),
    action(effect=Effect.IDEMPOTENT, window=timedelta(days=1), retry=ONCE)(pay),
    action(effect=Effect.PROBE, probe=booked, retry=ONCE)(book),
    action(shout),
)
registry = Registry(*ACTIONS)
