"""What each command of `signoff audit` does."""

import argparse
from collections import deque
from collections.abc import Iterable
from itertools import chain

from signoff.audit import Entry, Store, Verification, verify_store

from . import entry_output, forms, output
from .errors import DatabaseError, Exit, UsageError
from .log_view import EntryFilter, LogReader, check_status, read_when
from .opening import note_pinned, open_store
from .refusals import checked_reason
from .settings import Settings


def log(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff audit log [PLAN]`."""
    with open_store(settings) as store:
        note_pinned(store, settings)
        now = store.clock()
        wanted = EntryFilter(
            chain=options.id,
            actor=options.actor,
            action=options.action,
            status=check_status(options.status),
            since=read_when("--since", options.since, now),
            until=read_when("--until", options.until, now),
        )
        _check_chain(store, options.id)
        reader = LogReader(store=store, wanted=wanted)
        entries = deque(reader.read(), maxlen=options.newest)
        if options.follow:
            _print_each(chain(entries, reader.follow()), settings)
        elif settings.json:
            forms.print_json([forms.entry_json(entry) for entry in entries])
        elif entries:
            output.console().print(entry_output.format_entries(entries))
        else:
            output.print_text("No entry of the log is so.")
    return Exit.DONE


def _check_chain(store: Store, chain: str | None) -> None:
    """Raises UsageError where the log holds nothing of that plan."""
    with store.read() as tx:
        if chain is not None and tx.head(chain) is None:
            raise UsageError(f'the log has no "{chain[:64]}"; `signoff audit log` shows all of it')


def _print_each(entries: Iterable[Entry], settings: Settings) -> None:
    """Print a line for each Entry, at once."""
    for entry in entries:
        print(forms.entry_line(entry) if settings.json else entry_output.entry_line(entry), flush=True)


def verify(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff audit verify`."""
    with open_store(settings) as store:
        found = _verify(store)
    if settings.json:
        forms.print_json(
            {
                "verified": not found.problems,
                "entries": found.entries,
                "plans": found.plans,
                "problems": list(found.problems),
                "cannot_know": list(found.blind_spots),
            }
        )
    else:
        output.print_verification(found)
    return Exit.LOG if found.problems else Exit.DONE


def accept(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff audit accept --as WHO --reason TEXT`."""
    with open_store(settings) as store:
        store.accept(settings.operator, checked_reason(options.reason))
        with store.read() as tx:
            size = tx.log_head().size
    if settings.json:
        forms.print_json({"entries": size})
    else:
        output.print_text(f"Accepted: the log ends at entry {size}, which says so.")
    return Exit.DONE


def _verify(store: Store) -> Verification:
    try:
        with store.read() as tx:
            return verify_store(tx)
    except DatabaseError as error:  # a file that could be opened, and cannot be read to its end
        return Verification(entries=0, plans=0, problems=(str(error),))
