"""What each command does: read its input, call the Engine, print.

Commands that only read the store import nothing that needs pydantic: `signoff queue` must answer at once.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from signoff.audit import ActionRecord, Approval, PlanRecord, Status

from . import forms, output
from .actor import Actor, Identification
from .canonical import Json
from .errors import Exit, SignoffError, UsageError
from .opening import check_database, make_planner, note_pinned, open_engine, open_store, preview_engine, take_up
from .settings import Settings

if TYPE_CHECKING:
    from signoff.planner import Context, Planned

    from .engine import Engine


MAX_FILE = 2**20  # bytes that are read of a plan's file
_DIGITS = 10  # of an action's number: fewer

_EXITS = {
    Status.IN_DOUBT: Exit.IN_DOUBT,
    Status.FAILED: Exit.FAILED,
    Status.DENIED: Exit.DENIED,
    Status.REJECTED: Exit.DENIED,
    Status.EXPIRED: Exit.DENIED,
    Status.CANCELLED: Exit.DENIED,
    Status.SKIPPED: Exit.DONE,  # the action that it needs tells why
    Status.WAITING: Exit.WAITING,
    Status.READY: Exit.WAITING,
    Status.APPROVED: Exit.WAITING,
    Status.EXECUTING: Exit.WAITING,
    Status.DONE: Exit.DONE,
}


def demo(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff demo`: at a terminal to talk to, without one as a tour."""
    if settings.json:
        raise UsageError("the demo is for people and has no --json; `signoff run --json` has")
    from .registries import load_registry
    from .signing import is_at_terminal

    if not is_at_terminal():
        from .tour import play_tour

        if options.planner == "llm":
            raise UsageError("without a terminal the demo plays a tour that the rules planner plans; leave --planner out")
        play_tour(settings.policies, load_registry(settings.actions), output.console())
        return Exit.DONE
    from .demo import Demo

    planner = make_planner(settings)
    with open_engine(settings, create=True) as engine:
        Demo(output.console(), engine, planner, settings).talk()
    return Exit.DONE


def plan(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff plan TEXT`."""
    planner = make_planner(settings)
    with preview_engine(settings) as engine:
        context = contexts_in(options)
        planned = planner.plan(options.text, settings.requester, context)
        if planned.plan is None:
            return _print_no_plan(planned, settings)
        take_up(engine, settings)
        judged = engine.preview(planned.plan, settings.requester, request=options.text, planner=planned, context=context)
    if settings.json:
        told = {"outcome": planned.outcome.value} | forms.planned_json(planned)
        forms.print_json(told | {"actions": [forms.judgement_json(one) for one in judged]})
    else:
        console = output.console()
        console.print(f"Planned by the {planned.planner}. Nothing was stored or run.")
        console.print(output.format_judgements(judged))
        output.print_disputed(planned.disputed, console)
    effects = {"allow": Exit.DONE, "approve": Exit.WAITING, "deny": Exit.DENIED}
    return _first({effects[one.decision.effect.value] for one in judged})


def run(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff run TEXT` and `signoff run --plan FILE`."""
    planner = make_planner(settings) if options.plan is None else None
    context, goes_on = contexts_in(options), not options.no_run
    with open_engine(settings, create=True) as engine:
        if planner is None:
            record = _submit_file(engine, options.plan, settings, context, run=goes_on)
        else:
            planned = planner.plan(options.text, settings.requester, context)
            if planned.plan is None:
                return _print_no_plan(planned, settings)
            take_up(engine, settings)
            record = engine.submit(
                planned.plan, settings.requester, request=options.text, planner=planned, context=context, run=goes_on
            )
        print_plans(engine, [record], settings)
    return _exit_of([record])


def resume(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff resume [PLAN]`."""
    with open_engine(settings) as engine:
        records = engine.resume(settings.operator, plan=options.id)
        if not records and not settings.json:
            output.console().print("Nothing can go on.")
        else:
            print_plans(engine, records, settings)
    return _exit_of(records)


def worker(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff worker`."""
    from .working import work

    with open_engine(settings) as engine:
        return work(engine, settings, drain=options.drain, poll=options.poll)


def queue(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff queue`."""
    with open_store(settings) as store:
        note_pinned(store, settings)
        now = store.clock()
        with store.read() as tx:
            rows = [(approval, action) for approval, action in tx.queue() if approval.expires > now]
            doubts = tx.in_doubt()
    if settings.json:
        forms.print_json(
            {
                "approvals": [forms.approval_json(approval, action) for approval, action in rows],
                "in_doubt": [
                    {"id": output.name_action(action), "plan": action.plan} | forms.action_json(action) for action in doubts
                ],
            }
        )
    else:
        _print_queue(rows, doubts, output.format_queue(rows, now))
    return Exit.IN_DOUBT if doubts else Exit.WAITING if rows else Exit.DONE


def number_of(id_: str) -> int:
    """The number of the action that *id_* names, such as p-12ab/2. Raises UsageError where it names none."""
    number = id_.partition("/")[2]
    if not (number.isascii() and number.isdigit() and len(number) < _DIGITS):
        raise UsageError(f'"{id_[:64]}" names no action; write its plan and its number, as in p-12ab/2')
    return int(number)


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
    return _exit_of(records)


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
    return _exit_of([record])


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
    return _exit_of([record])


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


def print_error(error: SignoffError, settings: Settings) -> None:
    """Show *error*: to standard error for people, as JSON to standard output for programs."""
    if settings.json:
        problems: Json = list(getattr(error, "problems", ())) or [str(error)]
        forms.print_json({"error": {"code": error.code, "message": str(error), "problems": problems}})
    else:
        output.print_error(error)


def _submit_file(engine: "Engine", name: str, settings: Settings, context: "Sequence[Context]", *, run: bool) -> PlanRecord:
    from signoff.planner import read_plan

    plan = read_plan(read_file(name, "a plan"), engine.registry)
    return engine.submit(plan, settings.requester, planner=f"file {name}", context=context, run=run)


def contexts_in(options: argparse.Namespace) -> "tuple[Context, ...]":
    """What `--context` and `--trusted-context` name. Raises UsageError and PlanInvalid for what cannot be given."""
    if not (options.context or options.trusted_context):
        return ()
    from signoff.planner import Trust, check_context

    from .contexts import read_context

    named = [(text, Trust.TRUSTED) for text in options.trusted_context] + [(text, Trust.UNTRUSTED) for text in options.context]
    context = tuple(read_context(text, trust) for text, trust in named)
    check_context(context)
    return context


def read_file(name: str, what: str) -> bytes:
    """The bytes of a file that holds *what*, such as "a plan", one more than may be at most: its reader tells that."""
    if name == "-":
        return sys.stdin.buffer.read(MAX_FILE + 1)
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_FILE + 1)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise UsageError(f'"{name}" cannot be read ({reason}); name a file that holds {what} as JSON') from error


def _print_no_plan(planned: "Planned", settings: Settings) -> Exit:
    if settings.json:
        forms.print_json({"outcome": planned.outcome.value, "message": planned.message} | forms.planned_json(planned))
    else:
        output.print_no_plan(planned.outcome.value, planned.message, planned.planner)
    return Exit.FAILED


def print_plans(engine: "Engine", records: Sequence[PlanRecord], settings: Settings) -> None:
    """Print plans as they stand, and how to sign what waits in them."""
    waiting = [engine.approvals_of(record.id) for record in records]
    if settings.json:
        told = [
            forms.plan_json(record, approvals, engine.sources(record)) for record, approvals in zip(records, waiting, strict=True)
        ]
        forms.print_json(told[0] if len(told) == 1 else told)
        return
    for record, approvals in zip(records, waiting, strict=True):
        needs = [engine.needed(approval) for approval in approvals]
        output.print_plan(record, approvals, needs, engine.sources(record))


def _print_queue(rows: Sequence[tuple[Approval, ActionRecord]], doubts: Sequence[ActionRecord], table: object) -> None:
    console = output.console()
    console.print(table if rows else "Nothing waits for sign-off.")
    for action in doubts:
        console.print(output.format_doubt(action))


def _exit_of(records: Sequence[PlanRecord]) -> Exit:
    return _first({_EXITS[action.status] for record in records for action in record.actions})


def _first(codes: set[Exit]) -> Exit:
    return next((code for code in Exit if code in codes), Exit.DONE)
