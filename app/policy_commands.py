"""What each command of `signoff policies` does."""

import argparse

from . import forms, output
from .errors import Exit
from .opening import check_database, open_engine, open_store, reading_engine
from .settings import Settings


def check(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies check`."""
    from signoff.policies import PoliciesInvalid, format_diagnostic, load_policy, review_policy

    from .registries import load_registry

    registry = load_registry(settings.actions)
    try:
        policy = load_policy(settings.policies, registry)
    except PoliciesInvalid as error:
        if not settings.json:
            raise
        forms.print_json(forms.check_json(error.diagnostics))
        return Exit.POLICIES
    found = review_policy(policy)
    if settings.json:
        forms.print_json(forms.check_json(found, policy.digest))
        return Exit.DONE
    for warning in found:
        print(format_diagnostic(warning) + "\n")
    rules, warnings = _several(len(policy.document.rules), "rule"), _several(len(found), "warning")
    output.print_text(f"{policy.name} is valid: {rules}, {warnings}, digest {output.group_digest(policy.digest)}")
    return Exit.DONE


def schema(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies schema`."""
    from signoff.policies import policy_schema

    from .registries import load_registry

    forms.print_json(policy_schema(load_registry(settings.actions)))
    return Exit.DONE


def test(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies test`."""
    from signoff.policies import load_policy

    from .registries import load_registry
    from .trial_tables import print_run, run_json
    from .trials import run_tests

    policy = load_policy(settings.policies, load_registry(settings.actions))
    run = run_tests(policy)
    if settings.json:
        forms.print_json(run_json(policy, run))
    elif not run.trials:
        output.print_text(f"{policy.name} has no tests; write some under `tests` at its end")
    else:
        print_run(policy, run)
    return Exit.DONE if run.passed else Exit.POLICIES


def prove(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies prove`."""
    from signoff.policies import load_policy, prove

    from . import proofs
    from .registries import load_registry

    policy = load_policy(settings.policies, load_registry(settings.actions))
    found = prove(policy)
    if settings.json:
        forms.print_json({"digest": policy.digest, "invariants": [proofs.proof_json(proof, policy) for proof in found]})
        return proofs.exit_of(found)
    out = output.console()
    if found:
        out.print(proofs.format_proofs(found))
    else:
        output.print_text(f"{policy.name} has no invariants; write a line such as `- never: allow transfer` below `invariants:`")
    for told in (*(proofs.format_details(proof, policy) for proof in found), proofs.format_opaque(found)):
        if told is not None:
            out.print()
            out.print(told, soft_wrap=True)
    return proofs.exit_of(found)


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


def _several(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def replay_past(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies replay NEW`: exit code 4 where something would have been looser."""
    check_database(settings)
    from signoff.policies import load_policy

    from .log_view import read_when
    from .registries import load_registry
    from .replay_output import print_replay, print_replay_json
    from .replaying import Change, replay

    registry = load_registry(settings.actions)
    policy = load_policy(settings.policies, registry)
    with open_store(settings) as store, store.read() as tx:
        since = read_when("--since", options.since, store.clock())
        replayed = replay(tx, policy, registry, since=since, limit=options.limit)
        summary = (print_replay_json if settings.json else print_replay)(replayed, policy, whole=options.all)
    return Exit.DENIED if summary.changes[Change.LOOSER] else Exit.DONE
