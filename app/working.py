"""`signoff worker`, as its terminal and whoever stops it see it: lines of what starts and ends, and signals."""

import signal
import sys
from types import FrameType

import orjson
from rich.console import Console

from signoff.actions import show_text
from signoff.audit import ActionRecord, Status

from . import forms, output
from .canonical import Json
from .engine import Engine
from .errors import Exit, SignoffError
from .news import RulesFile
from .settings import Settings
from .worker import Worker

STOPS = (signal.SIGTERM, signal.SIGINT)


def work(engine: Engine, settings: Settings, *, drain: bool, poll: float) -> Exit:
    """Work until a signal, or until nothing is left; with *drain*, what could not go on decides the exit code."""
    rules = RulesFile(engine, settings.policies, Console(stderr=True))
    problems: list[SignoffError] = []

    def refresh(changed: bool) -> None:
        if changed or rules.is_edited():
            rules.take_up()

    def trouble(plan: str | None, error: SignoffError) -> None:
        problems.append(error)
        _tell_problem(plan, error, settings)

    worker = Worker(engine, settings.operator, poll=poll, trouble=trouble, refresh=refresh)
    _stop_at_signals(worker)
    with engine.watched(lambda action: _tell_action(action, settings)):
        worker.run(drain=drain)
    return next((error.exit for error in problems), Exit.DONE) if drain and not worker.stopped else Exit.DONE


def _stop_at_signals(worker: Worker) -> None:
    """At the first signal the action that runs ends, and no other starts; at the second one all ends at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in STOPS:
            signal.signal(each, signal.SIG_DFL)
        worker.stop()

    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # such as Ctrl-C, for what a shell runs in the background
            signal.signal(number, stop)


def _tell_action(action: ActionRecord, settings: Settings) -> None:
    starts = action.status is Status.EXECUTING
    if settings.json:
        _print_line({"event": "started" if starts else "ended", "plan": action.plan} | forms.action_json(action))
        return
    came = output.outcome_of(action.error, action.result)
    told = f"{action.title}: {came}" if came and not starts else action.title
    print(show_text(f"{output.name_action(action)} {action.status.value:<9} {told}"), flush=True)


def _tell_problem(plan: str | None, error: SignoffError, settings: Settings) -> None:
    if settings.json:
        _print_line({"event": "problem", "plan": plan, "code": error.code, "message": str(error)})
    else:
        where = f"{plan}: " if plan and plan not in str(error) else ""
        print(f"signoff: {show_text(where + str(error))}", file=sys.stderr, flush=True)


def _print_line(value: Json) -> None:
    print(orjson.dumps(value).decode(), flush=True)
