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
from .canonical import Json
from .errors import Exit, SignoffError, UsageError
from .opening import make_planner, note_pinned, open_engine, open_store, preview_engine, take_up
from .settings import Settings

if TYPE_CHECKING:
    from signoff.planner import Context, Planned

    from .engine import Engine


MAX_FILE = 2**20  # bytes that are read of a plan's file
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

        if options.planner in ("llm", "local"):
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
    return exit_of([record])


def resume(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff resume [PLAN]`."""
    with open_engine(settings) as engine:
        records = engine.resume(settings.operator, plan=options.id)
        if not records and not settings.json:
            output.console().print("Nothing can go on.")
        else:
            print_plans(engine, records, settings)
    return exit_of(records)


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


def exit_of(records: Sequence[PlanRecord]) -> Exit:
    """How a command ends that leaves the actions of *records* as they are."""
    return _first({_EXITS[action.status] for record in records for action in record.actions})


def _first(codes: set[Exit]) -> Exit:
    return next((code for code in Exit if code in codes), Exit.DONE)
