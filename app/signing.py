"""Signing at a terminal: the card first, then a word typed in full."""

import select
import sys
import termios

from rich.console import Console

from .actor import Actor
from .batches import Batch
from .drawing import format_batch

SIGN = "approve"  # never a single key, and never the default
UNASKED = ""  # no digest: the engine refuses whoever comes with it
SILENCE = 0.3  # seconds without a key before the word is asked for: what was typed before does not answer


def is_at_terminal() -> bool:
    """Whether somebody can read what is shown, and type."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def ask_to_sign(console: Console, batch: Batch, actor: Actor) -> str | None:
    """Show *batch*, and return the digest of what it shows once *actor* has typed in full that they sign it.

    None where they typed something else. Who may not sign all of it is not asked, and UNASKED is returned: the engine
    refuses, says why, and records it.
    """
    console.print(format_batch(batch))
    if not all(any(actor.id in people for people in (*card.people.values(), card.later)) for card in batch.cards):
        return UNASKED
    _drop_what_was_typed()
    what = "this" if len(batch.cards) == 1 else f"all {len(batch.cards)}"
    print(f'Type "{SIGN}" to sign {what} as {actor.id}, anything else to leave it: ', end="", flush=True)
    try:
        answer = input()
    except (EOFError, UnicodeDecodeError):
        print()
        return None
    return batch.digest if answer.strip() == SIGN else None


def _drop_what_was_typed() -> None:
    """Drop what was typed or pasted before the card stood there, and what still arrives of it."""
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    while select.select([sys.stdin], [], [], SILENCE)[0]:
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
