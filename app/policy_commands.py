"""What each command of `signoff policies` does."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from . import forms, output
from .commands import read_file
from .errors import Exit, UsageError
from .opening import note_pinned, open_engine, open_store
from .settings import Settings

if TYPE_CHECKING:
    from signoff.actions import Registry
    from signoff.policies import Policy

    from .explaining import Explained

_JSON = ("{", "[", '"')  # what a JSON text begins with, and no id does


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


def explain(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies explain ACTION`, `explain ID [NUMBER]` and `explain --action FILE`."""
    if (options.subject is None) == (options.action is None):
        raise UsageError("name one action: as JSON, by its id in the log, or in a file with --action FILE")
    from .explained import explained_json, format_explained

    supposed = options.action is not None or options.subject.lstrip()[:1] in _JSON
    found = _explain_supposed(options, settings) if supposed else _explain_logged(options, settings)
    if settings.json:
        forms.print_json(explained_json(found))
    else:
        output.console().print(format_explained(found))
    return Exit.DONE


def _explain_supposed(options: argparse.Namespace, settings: Settings) -> "Explained":
    from datetime import UTC, datetime

    from signoff.planner import read_action
    from signoff.policies import load_policy

    from .explaining import explain_supposed, read_counts, read_time_of_day
    from .registries import load_registry

    if options.number is not None:
        raise UsageError("a number stands only beside a plan's id; leave it out")
    registry = load_registry(settings.actions)
    policy = load_policy(settings.policies, registry)
    text = options.subject if options.action is None else read_file(options.action, "an action")
    return explain_supposed(
        read_action(text, registry),
        policy,
        settings.requester,
        now=read_time_of_day(options.at, policy) if options.at is not None else datetime.now(UTC),
        request=options.request,
        before=read_counts(options.count, policy),
    )


def _explain_logged(options: argparse.Namespace, settings: Settings) -> "Explained":
    from signoff.policies import parse_policy

    from .explaining import explain_logged

    given = {"--as": settings.claimed, "--at": options.at, "--request": options.request, "--count": options.count or None}
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise UsageError(f"{wrong[0]} stands only beside an action as JSON: of one in the log it is told there; leave it out")
    with open_engine(settings, reading=True) as engine:
        pinned = note_pinned(engine.store, settings)
        in_force = parse_policy(pinned[1], pinned[0], engine.registry) if pinned else engine.policy
        return explain_logged(engine, in_force, options.subject, options.number)


def diff(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies diff OLD NEW`, and `policies diff NEW` beside what is in force in the database."""
    from signoff.policies import find_differences, load_policy

    from .differing import differences_json, format_differences, lets_more_through
    from .registries import load_registry

    registry = load_registry(settings.actions)
    old = load_policy(Path(options.first), registry) if options.second is not None else _in_force(settings, registry)
    new = load_policy(Path(options.first if options.second is None else options.second), registry)
    found = find_differences(old, new)
    if settings.json:
        forms.print_json(differences_json(found, old, new))
    else:
        output.console().print(format_differences(found, old, new))
    return Exit.DENIED if lets_more_through(found) else Exit.DONE


def _in_force(settings: Settings, registry: "Registry") -> "Policy":
    """What decides in the database. Raises UsageError where nothing was decided in it yet."""
    from signoff.audit import verify_policies
    from signoff.policies import parse_policy

    with open_store(settings) as store, store.read() as tx:
        verify_policies(tx)
        active = tx.active_policy()
        if active is None:
            raise UsageError(f"nothing was decided in {settings.database} yet, so no policies are in force; name two files")
        name, source = tx.source(active)
    return parse_policy(source, name, registry)


def change_pinned(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies pin`, `policies load FILE` and `policies unpin`."""
    with open_engine(settings, reading=options.verb != "pin") as engine:
        change = {"pin": engine.pin, "load": engine.load, "unpin": engine.unpin}[options.verb](settings.operator)
    if settings.json:
        forms.print_json(forms.pin_change_json(change))
    else:
        file = f" {settings.policies}" if options.verb == "load" else ""
        output.print_pin_change(change, f"signoff policies {options.verb}{file} --as WHO")
    return Exit.DONE if change.made else Exit.WAITING
