"""What each command of `signoff policies` does."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from . import forms, output
from .commands import read_file
from .errors import Exit, UsageError
from .opening import check_database, open_engine, open_store, policy_in_force, reading_engine
from .settings import Settings

if TYPE_CHECKING:
    from signoff.actions import Registry
    from signoff.policies import Policy

    from .explaining import Explained

_JSON = ("{", "[", '"')  # what a JSON text begins with, and no id does


def check(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies check`."""
    from signoff.policies import PoliciesInvalid, Severity, format_diagnostic, load_policy

    from .registries import load_registry
    from .solving import doubts_of, missing_solver

    registry = load_registry(settings.actions)
    try:
        policy = load_policy(settings.policies, registry)
        found = doubts_of(policy)
        if any(one.severity is Severity.ERROR for one in found):
            raise PoliciesInvalid(found)
    except PoliciesInvalid as error:
        if not settings.json:
            raise
        forms.print_json(forms.check_json(error.diagnostics))
        return Exit.POLICIES
    if note := missing_solver(policy):
        output.print_note(note)
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
    from .trial_output import print_run, run_json
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

    from . import proof_output
    from .registries import load_registry

    policy = load_policy(settings.policies, load_registry(settings.actions))
    found = prove(policy)
    if settings.json:
        forms.print_json({"digest": policy.digest, "invariants": [proof_output.proof_json(proof, policy) for proof in found]})
        return proof_output.exit_of(found)
    out = output.console()
    if found:
        out.print(proof_output.format_proofs(found))
    else:
        output.print_text(f"{policy.name} has no invariants; write a line such as `- never: allow transfer` below `invariants:`")
    for told in (*(proof_output.format_details(proof, policy) for proof in found), proof_output.format_opaque(found)):
        if told is not None:
            out.print()
            out.print(told, soft_wrap=True)
    return proof_output.exit_of(found)


def explain(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies explain ACTION`, `explain ID [NUMBER]`, `explain PLAN/NUMBER` and `explain --action FILE`."""
    if (options.subject is None) == (options.action is None):
        raise UsageError("name one action: as JSON, by its id in the log, or in a file with --action FILE")
    from .explain_output import explained_json, format_explained

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
    from .secret_fields import closed

    if options.number is not None:
        raise UsageError("a number stands only beside a plan's id; leave it out")
    registry = load_registry(settings.actions)
    policy = load_policy(settings.policies, registry)
    text = options.subject if options.action is None else read_file(options.action, "an action")
    action = read_action(text, registry)
    return explain_supposed(
        closed(action),
        policy,
        settings.requester,
        now=read_time_of_day(options.at, policy) if options.at is not None else datetime.now(UTC),
        request=options.request,
        before=read_counts(options.count, policy, action),
    )


def _explain_logged(options: argparse.Namespace, settings: Settings) -> "Explained":
    from .explaining import explain_logged

    given = {"--as": settings.claimed, "--at": options.at, "--request": options.request, "--count": options.count or None}
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise UsageError(f"{wrong[0]} stands only beside an action as JSON: of one in the log it is told there; leave it out")
    named, number = options.subject, options.number
    if named.startswith("p-") and "/" in named and number is None:  # as `signoff show` and `queue` name an action
        from .sign_commands import number_of

        named, number = named.partition("/")[0], number_of(named)
    with reading_engine(settings) as engine:
        return explain_logged(engine, engine.policy, named, number)


def diff(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies diff OLD NEW`, and `policies diff NEW` beside what is in force in the database."""
    from signoff.policies import load_policy

    from .diff_output import differences_json, format_differences, lets_more_through
    from .registries import load_registry
    from .solving import compare

    registry = load_registry(settings.actions)
    old = load_policy(Path(options.first), registry) if options.second is not None else _in_force(settings, registry)
    new = load_policy(Path(options.first if options.second is None else options.second), registry)
    found = compare(old, new)
    if settings.json:
        forms.print_json(differences_json(found, old, new))
    else:
        output.console().print(format_differences(found, old, new))
    return Exit.DENIED if lets_more_through(found) else Exit.DONE


def _in_force(settings: Settings, registry: "Registry") -> "Policy":
    """What decides in the database. Raises UsageError where nothing was decided in it yet."""
    with open_store(settings) as store:
        policy = policy_in_force(store, registry)
    if policy is None:
        raise UsageError(f"nothing was decided in {settings.database} yet, so no policies are in force; name two files")
    return policy


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
