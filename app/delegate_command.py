"""What `signoff delegate` does."""

import argparse
from collections.abc import Sequence

from signoff.audit import Delegation

from . import forms, output
from .errors import Exit, UsageError
from .opening import open_engine, reading_engine
from .settings import Settings
from .sign_commands import decider


def delegate(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff delegate --to WHO --until WHEN`, `--revoke` and `--list`."""
    if options.to is not None and options.until is None:
        raise UsageError("until when? write --until 2026-11-30 (UTC), or for how long: --until 7d")
    if options.to is None and (options.until is not None or (options.list and options.reason is not None)):
        raise UsageError("--until stands beside --to, and --reason beside --to or --revoke")
    if options.list:
        with reading_engine(settings) as engine:
            _print_delegations(engine.delegations(), settings)
        return Exit.DONE
    from .log_view import read_until

    with open_engine(settings) as engine:
        actor = decider(engine, settings)
        if options.revoke:
            given = engine.revoke(actor, reason=options.reason)
        else:
            until = read_until("--until", options.until, engine.store.clock())
            given = engine.delegate(actor, to=options.to, until=until, reason=options.reason)
    if settings.json:
        forms.print_json(forms.delegation_json(given, "it was taken back" if options.revoke else None))
    elif options.revoke:
        output.print_text(f"{given.to} does not sign for {given.by.id} any more.")
    else:
        output.print_text(f"{given.to} signs for {given.by.id}, too, until {given.until:%Y-%m-%d %H:%M} UTC.")
    return Exit.DONE


def _print_delegations(found: Sequence[tuple[Delegation, str | None]], settings: Settings) -> None:
    if settings.json:
        forms.print_json([forms.delegation_json(one, void) for one, void in found])
    else:
        output.console().print(output.format_delegations(found) if found else "Nobody signs for anybody else.")
