"""What `signoff chat` does."""

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from signoff.audit import PlanRecord, Status

from . import forms, output
from .errors import Exit, LogInvalid, SignoffError, UsageError
from .opening import check_database, make_talker, open_engine, reading_engine, take_up
from .settings import Settings

if TYPE_CHECKING:
    from .chat import Chat, Limits
    from .chat_output import Lines, Screen
    from .engine import Engine

LEAVE = ("/quit", "quit", "exit")
END = "/end"


def chat(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff chat [WORDS]`, `signoff chat --resume ID [WORDS]` and `signoff chat --list`."""
    if options.list:
        if options.resume is not None or options.words is not None:
            raise UsageError("--list stands alone; leave the rest out")
        return _list(settings)
    if options.resume is not None:
        check_database(settings)
    talker = make_talker(settings)
    from .chat import Chat
    from .chat_output import Lines, Screen

    with open_engine(settings, create=options.resume is None) as engine:
        shown = Lines(engine, _write_line) if settings.json else Screen(output.console(), engine, settings.named)
        talk = Chat(
            engine,
            talker,
            settings.requester,
            shown,
            plan=options.resume,
            limits=_limits(options, engine),
            refresh=lambda: take_up(engine, settings),
        )
        try:
            record = _talk(talk, shown, options.words, engine, settings)
        except SignoffError:
            shown.break_off()
            raise
        except KeyboardInterrupt:
            shown.break_off()
            if talk.plan is not None:
                shown.show_standing(talk.record())
            raise
        if record is None:
            return Exit.DONE
        shown.show_standing(record)
    return _exit_of(record, stopped=talk.failed)


def _limits(options: argparse.Namespace, engine: "Engine") -> "Limits":
    """Those that are named, and for the rest those that the conversation was begun with, or the default."""
    from .chat import Limits, limits_of

    said = {name: getattr(options, f"max_{name}") for name in ("turns", "calls", "tokens")}
    begun = Limits() if options.resume is None else limits_of(engine, options.resume)
    return replace(begun, **{name: most for name, most in said.items() if most is not None})


def _talk(talk: "Chat", shown: "Screen | Lines", words: str | None, engine: "Engine", settings: Settings) -> PlanRecord | None:
    """Talk as far as that goes: for one message, for the lines of standard input, or with somebody at a terminal."""
    if talk.plan is not None and words is None:
        talk.record()
    if words is not None:
        return talk.say(words)
    from .signing import is_at_terminal

    if is_at_terminal():
        from .chat_output import Screen
        from .chat_terminal import talk_at_terminal

        if isinstance(shown, Screen):
            return talk_at_terminal(talk, shown, engine, settings)
    return _read_lines(talk)


def _read_lines(talk: "Chat") -> PlanRecord | None:
    """Say each line of standard input, until something waits, the conversation ends, or the model gives nothing."""
    from .chat import Standing, standing_of

    record = None if talk.plan is None else talk.go_on()
    while record is None or (standing_of(record) is Standing.OPEN and not talk.failed):
        line = sys.stdin.readline()
        if not line:
            break
        if line.strip():
            record = talk.say(line.strip())
    return record


def _list(settings: Settings) -> Exit:
    """List the conversations. One that was altered is told, and keeps no other from being listed."""
    with reading_engine(settings) as engine:
        from .chat_output import altered_json, conversation_json, format_conversations

        with engine.store.read() as tx:
            ids = tx.conversations()
        found = {id_: _found(engine, id_) for id_ in ids}
    records = [one for one in found.values() if isinstance(one, PlanRecord)]
    altered = {id_: one for id_, one in found.items() if isinstance(one, LogInvalid)}
    if settings.json:
        listed = [
            conversation_json(one) if isinstance(one, PlanRecord) else altered_json(id_, str(one)) for id_, one in found.items()
        ]
        forms.print_json(listed)
    elif records or not altered:
        output.console().print(format_conversations(records) if records else "There are no conversations.")
    for error in altered.values():
        output.print_error(error)
    return Exit.LOG if altered else Exit.DONE


def _found(engine: "Engine", id_: str) -> PlanRecord | LogInvalid:
    """The conversation *id_*, or why it cannot be shown."""
    try:
        return engine.plan(id_)
    except LogInvalid as error:
        return error


def _write_line(text: str) -> None:
    print(text, flush=True)


def _exit_of(record: PlanRecord, *, stopped: bool) -> Exit:
    from .chat import Standing, standing_of

    if any(action.status is Status.IN_DOUBT for action in record.actions):
        return Exit.IN_DOUBT
    if stopped:
        return Exit.FAILED
    return Exit.WAITING if standing_of(record) is Standing.WAITING else Exit.DONE
