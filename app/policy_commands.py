"""What each command of `signoff policies` does."""

import argparse
from datetime import UTC, datetime

from . import forms, output
from .errors import Exit, UsageError
from .opening import check_database, open_engine, open_store, reading_engine
from .settings import Settings

MAX_LIMIT = 9  # digits


def check(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies check`."""
    from signoff.policies import PoliciesInvalid, format_diagnostic, load_policy

    from .registries import load_registry

    registry = load_registry(settings.actions)
    try:
        policy = load_policy(settings.policies, registry)
    except PoliciesInvalid as error:
        if not settings.json:
            raise
        forms.print_json({"valid": False, "diagnostics": [vars(one) for one in error.diagnostics]})
        return Exit.POLICIES
    if settings.json:
        forms.print_json({"valid": True, "digest": policy.digest, "diagnostics": [vars(one) for one in policy.warnings]})
        return Exit.DONE
    for warning in policy.warnings:
        print(format_diagnostic(warning) + "\n")
    rules = len(policy.document.rules)
    output.print_text(f"{policy.name} is valid: {rules} rules, digest {output.group_digest(policy.digest)}")
    return Exit.DONE


def change_pinned(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies pin`, `policies load FILE` and `policies unpin`."""
    opened = reading_engine(settings) if options.verb == "unpin" else open_engine(settings, loading=options.verb == "load")
    with opened as engine:
        change = {"pin": engine.pin, "load": engine.load, "unpin": engine.unpin}[options.verb](settings.operator)
    if settings.json:
        forms.print_json(forms.pin_change_json(change))
    else:
        file = f" {settings.policies}" if options.verb == "load" else ""
        output.print_pin_change(change, f"signoff policies {options.verb}{file} --as WHO")
    return Exit.DONE if change.made else Exit.WAITING


def replay_past(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies replay NEW`: exit code 4 where something would have been looser."""
    since, limit = _day(options.since), _count(options.limit)
    check_database(settings)
    from signoff.policies import load_policy

    from .registries import load_registry
    from .replay_output import print_replay, print_replay_json
    from .replaying import Change, replay

    registry = load_registry(settings.actions)
    policy = load_policy(settings.policies, registry)
    with open_store(settings) as store, store.read() as tx:
        replayed = replay(tx, policy, registry, since=since, limit=limit)
        summary = (print_replay_json if settings.json else print_replay)(replayed, policy, whole=options.all)
    return Exit.DENIED if summary.changes[Change.LOOSER] else Exit.DONE


def _day(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f'--since is "{text[:40]}"; write a day such as 2026-03-01') from error


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_LIMIT and int(text) > 0):
        raise UsageError(f'--limit is "{text[:40]}"; write a number of plans, such as 1000')
    return int(text)
