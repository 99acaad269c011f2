"""Signing at a terminal: the card first, then a word typed in full."""

import sys
import termios

from rich.console import Console

from .actor import Actor
from .cards import Card
from .drawing import format_card

SIGN = "approve"  # never a single key, and never the default


def ask_to_sign(console: Console, card: Card, actor: Actor) -> str | None:
    """Show *card*, and return the digest of what it shows once *actor* has typed in full that they sign it.

    What was typed before the card stood there does not count. Who may not sign is not asked: the engine refuses, says
    why, and records it.
    """
    console.print(format_card(card))
    if not any(actor.id in people for people in (*card.people.values(), card.later)):
        return card.approval.digest
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    try:
        answer = input(f'Type "{SIGN}" to sign this as {actor.id}, anything else to leave it: ')
    except EOFError:
        print()
        return None
    return card.approval.digest if answer.strip() == SIGN else None
