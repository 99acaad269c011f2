"""The command line: which commands and options there are, and how errors end."""

import argparse
import os
import sys
from argparse import SUPPRESS
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper

from . import chat_command, commands, delegate_command, policy_commands, show_command, sign_commands
from .audit_options import add_audit
from .bench_command import add_bench
from .errors import Exit, SignoffError, UsageError
from .options import Command, Verbs
from .options import add_command as _add
from .options import count as _count
from .options import formatter as _formatter
from .options import may_act as _may_act
from .options import may_choose_planner as _may_choose_planner
from .options import may_decide as _may_decide
from .options import no_actor as _no_actor
from .settings import MAX_CALLS, MAX_TOKENS, MAX_TURNS, Settings

INTERRUPTED = 130  # what shells give a command that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what a terminal's encoding lacks is shown as an escape
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        return _silence(Exit.DONE)
    except OSError as error:
        print(f"signoff: the output cannot be written ({error.strerror}); `signoff queue` tells what stands", file=sys.stderr)
        return _silence(Exit.FAILED)
    except KeyboardInterrupt:
        print("signoff: interrupted; what was accepted is stored, and `signoff resume` goes on", file=sys.stderr)
        return INTERRUPTED
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has told what is wrong, or shown the help
        return int(end.code or 0)
    settings = Settings.read({}, json=options.json)  # what errors need; the environment is read where errors are told
    try:
        _check_texts(options)
        settings = Settings.read(
            database=options.db,
            policies=options.policies,
            actions=options.actions,
            claimed=options.who,
            json=options.json,
            planner=options.planner,
            second_opinion=options.second_opinion,
        )
        command: Command = options.command
        return command(options, settings)
    except SignoffError as error:
        commands.print_error(error, settings)
        return error.exit


def _silence(code: Exit) -> Exit:
    """Let nothing more be written at exit: it would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return code


def _check_texts(options: argparse.Namespace) -> None:
    """Raises UsageError for an argument whose bytes are no UTF-8: it could be neither stored nor digested."""
    for value in vars(options).values():
        for text in value if isinstance(value, list) else [value]:
            try:
                if isinstance(text, str):
                    text.encode()
            except UnicodeEncodeError as error:
                raise UsageError(f"an argument ({text[:40]!a}) is not UTF-8; write it in UTF-8") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="signoff",
        description="Typed plans of actions, decided by policies, signed off by people, run exactly as often as they should.",
        formatter_class=_formatter,
        epilog="Exit codes: 0 done, 1 failed or no plan came, 2 wrong usage, 3 something waits for approval, "
        "4 denied or rejected, or looser in a replay, 5 policies invalid, 6 audit log does not verify, 7 something is in doubt.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    _add_asking(verbs)
    _add_looking(verbs)
    _add_signing(verbs)
    _add_settling(verbs)
    _add_policies(verbs)
    add_audit(verbs)
    add_bench(verbs)
    return parser


def _add_asking(verbs: Verbs) -> None:
    demo = _add(verbs, "demo", commands.demo, "talk to the demo bank; without a terminal, a tour in a database of its own")
    _may_act(demo, "who asks first (default: dana, the demo bank's customer)")
    _may_choose_planner(demo)

    plan = _add(verbs, "plan", commands.plan, "plan a request and show what would be decided; nothing is stored")
    plan.add_argument("text", metavar="TEXT", help='what to do, such as "send $20 to Alice"')
    _may_act(plan, "who asks (default: dana, the demo bank's customer)")
    _may_choose_planner(plan)
    _takes_context(plan)

    run = _add(verbs, "run", commands.run, "plan a request, run what is allowed, and queue what needs approval")
    what = run.add_mutually_exclusive_group(required=True)
    what.add_argument("text", nargs="?", metavar="TEXT", help='what to do, such as "send $20 to Alice"')
    what.add_argument("--plan", metavar="FILE", help="a plan as JSON instead; - reads it from standard input")
    _may_act(run, "who asks (default: dana, the demo bank's customer)")
    run.add_argument("--no-run", action="store_true", help="only accept it; a worker or `signoff resume` runs it")
    _may_choose_planner(run)
    _takes_context(run)

    _add_chat(verbs)

    resume = _add(verbs, "resume", commands.resume, "go on with a plan, or with all, after an approval or a crash")
    resume.add_argument("id", nargs="?", metavar="PLAN", help="the plan's id (default: every plan that can go on)")
    _may_act(resume, "who goes on (default: the operating system's user)")

    worker = _add(verbs, "worker", commands.worker, "go on with what can go on, beside other workers, until told to stop")
    worker.add_argument("--drain", action="store_true", help="end once nothing is left that can go on by itself")
    worker.add_argument("--poll", metavar="SECONDS", type=_pause, default=1.0, help="how often to look for work (default: 1)")
    _may_act(worker, "who goes on (default: the operating system's user)")


def _add_chat(verbs: Verbs) -> None:
    chat = _add(verbs, "chat", chat_command.chat, "talk with a model that calls actions; each call is decided on its own")
    chat.add_argument("words", nargs="?", metavar="WORDS", help="one message; without it, lines are read until the input ends")
    chat.add_argument("--resume", metavar="ID", help="go on with this conversation, from what is stored of it")
    chat.add_argument("--list", action="store_true", help="show the conversations and where each stands")
    for name, most in (("turns", MAX_TURNS), ("calls", MAX_CALLS), ("tokens", MAX_TOKENS)):
        what = f"how many {name} of the model one conversation may take; then it ends (default: {most:,})"
        chat.add_argument(f"--max-{name}", metavar="N", type=_count, default=most, help=what)
    _may_act(chat, "who talks (default: dana, the demo bank's customer)")


def _add_looking(verbs: Verbs) -> None:
    queue = _add(verbs, "queue", commands.queue, "list what waits for sign-off")
    _no_actor(queue)
    show = _add(verbs, "show", show_command.show, "show all that is known of a plan, of an action, or of an approval")
    what = "a plan, an action in it, or an approval: p-12ab, p-12ab/2, a12c; or several approvals, as they are signed together"
    show.add_argument("ids", metavar="ID", nargs="+", help=what)
    _no_actor(show)


def _add_signing(verbs: Verbs) -> None:
    approve = _add(verbs, "approve", sign_commands.approve, "sign an approval, or several together, after they were shown")
    _names_approvals(approve)
    approve.add_argument("--digest", metavar="PREFIX", help="the first 8 or more digits of the digest of what you approve")
    approve.add_argument("--reason", metavar="TEXT", help="why, for the log")
    approve.add_argument("--no-run", action="store_true", help="only vote; `signoff resume` runs it later")
    _may_decide(approve, "who signs")

    reject = _add(verbs, "reject", sign_commands.reject, "reject an approval, or several together; what needs them is skipped")
    _names_approvals(reject)
    reject.add_argument("--reason", metavar="TEXT", required=True, help="why, for the log and the requester")
    _may_decide(reject, "who rejects")

    edit = _add(verbs, "edit", sign_commands.edit, "change an action that waits; it is decided anew, and others sign it")
    edit.add_argument("id", metavar="ID", help="the approval's id")
    change = "what a field shall be: text or an amount as it stands, else JSON; null where it may be left out; once for each"
    edit.add_argument("--set", metavar="FIELD=VALUE", action="append", required=True, help=change)
    edit.add_argument("--reason", metavar="TEXT", required=True, help="why, for the log, the requester and those who sign")
    edit.add_argument("--no-run", action="store_true", help="only edit; `signoff resume` goes on later")
    _may_decide(edit, "who edits: somebody who may sign it, and did not ask for it")


def _add_settling(verbs: Verbs) -> None:
    resolve = _add(
        verbs, "resolve", sign_commands.resolve, "settle what is in doubt, once you have found out whether it happened"
    )
    resolve.add_argument("id", metavar="PLAN/NUMBER", help="the action, as `signoff queue` names it: p-12ab/2")
    outcome = resolve.add_mutually_exclusive_group(required=True)
    outcome.add_argument("--done", action="store_true", help="it happened")
    outcome.add_argument("--not-done", action="store_true", help="it did not, and will not: it is decided anew")
    resolve.add_argument("--reason", metavar="TEXT", required=True, help="how you know, for the log")
    resolve.add_argument("--no-run", action="store_true", help="only say so; `signoff resume` goes on later")
    _may_decide(resolve, "who found out: somebody who may approve, and did not ask for it")

    cancel = _add(verbs, "cancel", sign_commands.cancel, "cancel what a plan has not started")
    cancel.add_argument("id", metavar="PLAN", help="the plan's id")
    _may_decide(cancel, "who cancels: the requester, or somebody who may approve")

    delegate = _add(
        verbs, "delegate", delegate_command.delegate, "hand your seats to somebody else for a time, or take them back"
    )
    asked = delegate.add_mutually_exclusive_group(required=True)
    asked.add_argument("--to", metavar="WHO", help="who signs for you, too, until then; in place of whoever did")
    asked.add_argument("--revoke", action="store_true", help="take them back")
    asked.add_argument("--list", action="store_true", help="show who signs for whom")
    delegate.add_argument("--until", metavar="WHEN", help='2026-11-30, "2026-11-30 18:00" (UTC), or for how long: 8h, 7d')
    delegate.add_argument("--reason", metavar="TEXT", help="why, for the log")
    _may_decide(delegate, "whose seats")


def _takes_context(parser: argparse.ArgumentParser) -> None:
    for option, whose in (
        ("--context", "anybody may have written: invoice=bill.txt"),
        ("--trusted-context", "only your own systems could write: payees=payees.txt"),
    ):
        what = f"a text for the planner to read beside the request, which {whose}; once for each"
        parser.add_argument(option, metavar="SOURCE=FILE", action="append", default=[], help=what)


def _names_approvals(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="*", help="the approval's id, or several: all are decided, or none")
    parser.add_argument("--plan", metavar="PLAN", help="all that waits in this plan, instead")


def _add_policies(verbs: Verbs) -> None:
    policies = verbs.add_parser("policies", help="work on the policies file", formatter_class=_formatter)
    policy_verbs = policies.add_subparsers(metavar="COMMAND", required=True)
    for verb, command, summary in (
        ("check", policy_commands.check, "report every mistake in the policies file"),
        ("test", policy_commands.test, "run the file's own tests, and tell what they do not try"),
        ("prove", policy_commands.prove, "prove the invariants for all actions, or refute them"),
    ):
        look = _add(policy_verbs, verb, command, summary)
        look.add_argument(
            "policies", nargs="?", metavar="FILE", help="the policies file, instead of --policies", default=SUPPRESS
        )
        _no_actor(look)
    _no_actor(_add(policy_verbs, "schema", policy_commands.schema, "print the JSON Schema of policies files, for editors"))

    _add_comparing(policy_verbs)
    for verb, summary in (
        ("pin", "pin the policies in force: a changed file is not taken up any more"),
        ("load", "put another policies file in the place of the pinned one"),
        ("unpin", "let a changed policies file be taken up again"),
    ):
        change = _add(policy_verbs, verb, policy_commands.change_pinned, summary)
        if verb == "load":
            change.add_argument("policies", metavar="FILE", help="the new policies file")
        change.set_defaults(verb=verb)
        _may_act(change, "who agrees to it (default: the operating system's user)")

    replay = _add(
        policy_verbs, "replay", policy_commands.replay_past, "decide the log's past plans again by another policies file"
    )
    replay.add_argument("policies", metavar="NEW", help="the policies file to decide by; nothing is changed")
    replay.add_argument("--since", metavar="WHEN", help="only plans accepted from then on: 2026-11-21 (UTC), or how long ago: 7d")
    replay.add_argument("--limit", metavar="N", type=_count, help="only the newest N plans")
    replay.add_argument("--all", action="store_true", help="show the actions that would be decided the same, too")
    _no_actor(replay)


def _pause(text: str) -> float:
    """A number of seconds. Raises ArgumentTypeError for any other text."""
    with suppress(ValueError):
        if 0.01 <= (seconds := float(text)) <= 3_600:
            return seconds
    raise argparse.ArgumentTypeError(f'"{text[:40]}" is no number of seconds from 0.01 to 3600')


def _add_comparing(verbs: Verbs) -> None:
    explain = _add(verbs, "explain", policy_commands.explain, "why an action is decided as it is, and what would alter that")
    explain.add_argument(
        "subject",
        nargs="?",
        metavar="ACTION",
        help="an action as JSON, or the id of a plan, an action of it (p-12ab/2) or an approval",
    )
    explain.add_argument("number", nargs="?", type=int, metavar="NUMBER", help="which action of the plan (not needed for one)")
    explain.add_argument("--action", metavar="FILE", help="an action as JSON; - reads it from standard input")
    explain.add_argument("--at", metavar="TIME", help='when, such as "2026-12-24 18:30" in the zone of the rules (default: now)')
    explain.add_argument("--request", metavar="TEXT", help="what the user wrote (default: it holds every value)")
    explain.add_argument(
        "--count",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="what a counter counted before, once for each",
    )
    _may_act(explain, "who asks (default: dana, the demo bank's customer)")

    diff = _add(verbs, "diff", policy_commands.diff, "show by actions how two policies files decide otherwise")
    diff.epilog = "Exit codes: 0 the new file lets nothing more through, 4 it does or may, 2 wrong usage, 5 a file is invalid."
    diff.add_argument("first", metavar="OLD", help="the old file; alone: the new one, beside what is in force in the database")
    diff.add_argument("second", nargs="?", metavar="NEW", help="the new file")
    _no_actor(diff)


class _Version(argparse.Action):
    """Shows the version, and looks it up only then: that takes as long as a fifth of a command."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"signoff {version('signoff')}")
        parser.exit()
