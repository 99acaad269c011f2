"""What each command does by which people decide what waits, or is in doubt, and what follows of it."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from signoff.audit import Approval, PlanRecord

from . import output
from .actor import Actor, Identification
from .commands import exit_of, print_plans
from .errors import Exit, UsageError
from .opening import check_database, open_engine, take_up
from .settings import Settings

if TYPE_CHECKING:
    from .engine import Engine

_DIGITS = 10  # of an action's number: fewer


def approve(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff approve ID ... --as WHO`: the votes, and then what they released."""
    check_database(settings)
    from .signing import ask_to_sign, is_at_terminal

    unseen = options.digest is None and (settings.json or not is_at_terminal())
    if unseen and options.plan is None:
        raise _unseen(options.ids)
    with open_engine(settings) as engine:
        voter = decider(engine, settings)
        ids = _named(engine, options)
        if unseen:
            raise _unseen(ids)
        drawn = engine.batch(ids) if options.digest is None else None
        signed = (
            options.digest.replace(" ", "").removesuffix("…") if drawn is None else ask_to_sign(output.console(), drawn, voter)
        )
        if signed is None:
            output.console().print("Not signed; it still waits.")
            return Exit.WAITING
        take_up(engine, settings)
        cards = {} if drawn is None else drawn.card_digests
        approvals = engine.approve_all(ids, voter, digest=signed, reason=options.reason, cards=cards)
        records = _go_on(engine, approvals, voter, run=not options.no_run)
        print_plans(engine, records, settings)
        if not settings.json:
            _print_asked_again(engine, approvals)
    return exit_of(records)


def _unseen(ids: Sequence[str]) -> UsageError:
    return UsageError(
        f"nobody signs unseen: look with `signoff show {' '.join(ids)}`, then give --digest and its first 8 digits or more"
    )


def _named(engine: "Engine", options: argparse.Namespace) -> list[str]:
    """The approvals that are named, or all that wait in the plan that is. Raises UsageError where there are none."""
    if (options.plan is None) == (not options.ids):
        raise UsageError("name approvals, or a plan with --plan, and not both; `signoff queue` lists what waits")
    if options.plan is None:
        return list(options.ids)
    ids = [approval.id for approval in engine.approvals_of(engine.plan(options.plan).id)]
    if not ids:
        raise UsageError(f"nothing waits for sign-off in {options.plan}; `signoff queue` lists what does")
    return ids


def _go_on(engine: "Engine", approvals: Sequence[Approval], actor: Actor, *, run: bool) -> list[PlanRecord]:
    """The plans of *approvals*, after what can go on in them went on where they are to *run*."""
    plans = dict.fromkeys(approval.plan for approval in approvals)
    return [engine.resume(actor, plan=id_)[0] if run else engine.plan(id_) for id_ in plans]


def _print_asked_again(engine: "Engine", approvals: Sequence[Approval]) -> None:
    """Tell of each action that waits again although it was just signed."""
    for approval in approvals:
        others = [one.id for one in engine.approvals_of(approval.plan) if one.number == approval.number and one.id != approval.id]
        if others:
            output.print_text(
                f"{approval.id} asked under other rules than are in force now: {others[0]} asks again, and needs votes"
            )


def edit(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff edit ID --as WHO --set FIELD=VALUE --reason TEXT`: what is changed, and then what can go on."""
    check_database(settings)
    from .editing import read_changes

    with open_engine(settings) as engine:
        action = engine.registry.get(engine.card(options.id).action.type)
        assert action is not None  # a card of another type cannot be read
        editor = decider(engine, settings)
        record = engine.edit(options.id, editor, read_changes(options.set, action), reason=options.reason)
        if not options.no_run:
            (record,) = engine.resume(editor, plan=record.id)
        print_plans(engine, [record], settings)
    return exit_of([record])


def reject(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff reject ID ... --as WHO --reason TEXT`."""
    with open_engine(settings) as engine:
        decided_by = decider(engine, settings)
        approvals = engine.reject_all(_named(engine, options), decided_by, reason=options.reason)
        print_plans(engine, _go_on(engine, approvals, decided_by, run=False), settings)
    return Exit.DONE


def resolve(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff resolve PLAN/NUMBER --as WHO --done|--not-done --reason TEXT`: what is said, and then what can go on."""
    plan, number = options.id.partition("/")[0], number_of(options.id)
    with open_engine(settings) as engine:
        resolver = decider(engine, settings)
        record = engine.resolve(plan, number, resolver, done=options.done, reason=options.reason)
        if not options.no_run:
            (record,) = engine.resume(resolver, plan=plan)
        print_plans(engine, [record], settings)
    return exit_of([record])


def cancel(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff cancel PLAN --as WHO`."""
    with open_engine(settings) as engine:
        print_plans(engine, [engine.cancel(options.id, decider(engine, settings))], settings)
    return Exit.DONE


def decider(engine: "Engine", settings: Settings) -> Actor:
    """Who decides. Raises UsageError where nobody is named, and the rules want to be told."""
    if settings.claimed is None and engine.policy.identity == Identification.CLAIMED:
        raise UsageError(f"say who you are with --as WHO: {engine.policy.name} takes people at their word (identity: claimed)")
    return settings.operator


def number_of(id_: str) -> int:
    """The number of the action that *id_* names, such as p-12ab/2. Raises UsageError where it names none."""
    number = id_.partition("/")[2]
    if not (number.isascii() and number.isdigit() and len(number) < _DIGITS):
        raise UsageError(f'"{id_[:64]}" names no action; write its plan and its number, as in p-12ab/2')
    return int(number)
