"""The command line: which commands and options there are, and how errors end."""

import argparse
import os
import sys
from argparse import SUPPRESS
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from typing import TypeAlias

from . import commands, log_commands, policy_commands
from .errors import Exit, SignoffError, UsageError
from .settings import PlannerChoice, Settings

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

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
        )
        command: commands.Command = options.command
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
        try:
            if isinstance(value, str):
                value.encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"an argument ({value[:40]!a}) is not UTF-8; write it in UTF-8") from error


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
    _add_signing(verbs)
    _add_policies(verbs)
    _add_audit(verbs)
    return parser


def _add_asking(verbs: Verbs) -> None:
    demo = _add(verbs, "demo", commands.demo, "talk to the demo bank; without a terminal, a tour in a database of its own")
    _may_act(demo, "who asks first (default: dana, the demo bank's customer)")
    _may_choose_planner(demo)

    plan = _add(verbs, "plan", commands.plan, "plan a request and show what would be decided; nothing is stored")
    plan.add_argument("text", metavar="TEXT", help='what to do, such as "send $20 to Alice"')
    _may_act(plan, "who asks (default: dana, the demo bank's customer)")
    _may_choose_planner(plan)

    run = _add(verbs, "run", commands.run, "plan a request, run what is allowed, and queue what needs approval")
    what = run.add_mutually_exclusive_group(required=True)
    what.add_argument("text", nargs="?", metavar="TEXT", help='what to do, such as "send $20 to Alice"')
    what.add_argument("--plan", metavar="FILE", help="a plan as JSON instead; - reads it from standard input")
    _may_act(run, "who asks (default: dana, the demo bank's customer)")
    run.add_argument("--no-run", action="store_true", help="only accept it; a worker or `signoff resume` runs it")
    _may_choose_planner(run)

    resume = _add(verbs, "resume", commands.resume, "go on with a plan, or with all, after an approval or a crash")
    resume.add_argument("id", nargs="?", metavar="PLAN", help="the plan's id (default: every plan that can go on)")
    _may_act(resume, "who goes on (default: the operating system's user)")

    worker = _add(verbs, "worker", commands.worker, "go on with what can go on, beside other workers, until told to stop")
    worker.add_argument("--drain", action="store_true", help="end once nothing is left that can go on by itself")
    worker.add_argument("--poll", metavar="SECONDS", type=_pause, default=1.0, help="how often to look for work (default: 1)")
    _may_act(worker, "who goes on (default: the operating system's user)")


def _add_signing(verbs: Verbs) -> None:
    queue = _add(verbs, "queue", commands.queue, "list what waits for sign-off")
    _no_actor(queue)
    show = _add(verbs, "show", commands.show, "show a plan, or an approval as its approver sees it")
    show.add_argument("id", metavar="ID", help="a plan's or an approval's id")
    _no_actor(show)

    approve = _add(verbs, "approve", commands.approve, "sign an approval, after its card was shown")
    approve.add_argument("id", metavar="ID", help="the approval's id")
    approve.add_argument("--digest", metavar="PREFIX", help="the first 8 or more digits of the digest of what you approve")
    approve.add_argument("--reason", metavar="TEXT", help="why, for the log")
    approve.add_argument("--no-run", action="store_true", help="only vote; `signoff resume` runs it later")
    _must_act(approve, "who signs")

    reject = _add(verbs, "reject", commands.reject, "reject an approval; what needs it is skipped")
    reject.add_argument("id", metavar="ID", help="the approval's id")
    reject.add_argument("--reason", metavar="TEXT", required=True, help="why, for the log and the requester")
    _must_act(reject, "who rejects")

    resolve = _add(verbs, "resolve", commands.resolve, "settle what is in doubt, once you have found out whether it happened")
    resolve.add_argument("id", metavar="PLAN/NUMBER", help="the action, as `signoff queue` names it: p-12ab/2")
    outcome = resolve.add_mutually_exclusive_group(required=True)
    outcome.add_argument("--done", action="store_true", help="it happened")
    outcome.add_argument("--not-done", action="store_true", help="it did not, and will not: it is decided anew")
    resolve.add_argument("--reason", metavar="TEXT", required=True, help="how you know, for the log")
    resolve.add_argument("--no-run", action="store_true", help="only say so; `signoff resume` goes on later")
    _must_act(resolve, "who found out: somebody who may approve, and did not ask for it")

    cancel = _add(verbs, "cancel", commands.cancel, "cancel what a plan has not started")
    cancel.add_argument("id", metavar="PLAN", help="the plan's id")
    _must_act(cancel, "who cancels: the requester, or somebody who may approve")


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


def _add_audit(verbs: Verbs) -> None:
    audit = verbs.add_parser("audit", help="read and verify the audit log", formatter_class=_formatter)
    audit_verbs = audit.add_subparsers(metavar="COMMAND", required=True)
    log = _add(audit_verbs, "log", log_commands.log, "show the audit log, or some of it")
    log.add_argument("id", nargs="?", metavar="PLAN", help="only this plan's entries; `system` for those of no plan")
    log.add_argument("--actor", metavar="WHO", help="only what this one did")
    log.add_argument(
        "--action", metavar="TYPE", help="only what is about actions of this type, or with this number in their plan"
    )
    log.add_argument(
        "--status", metavar="STATUS", help="only what came to this: done, denied, waiting, voted, refused, policy, ..."
    )
    log.add_argument(
        "--since", metavar="WHEN", help='from then on: 2026-11-21, "2026-11-21 14:30" (UTC), or how long ago: 2h, 7d'
    )
    log.add_argument("--until", metavar="WHEN", help="before then")
    log.add_argument("-n", "--newest", metavar="COUNT", type=_count, help="only the newest so many of these")
    log.add_argument("-f", "--follow", action="store_true", help="go on with those that come, until Ctrl-C")
    _no_actor(log)
    _no_actor(_add(audit_verbs, "verify", log_commands.verify, "check that nobody altered the log or what it vouches for"))


def _count(text: str) -> int:
    """A whole number from 1 on. Raises ArgumentTypeError for any other text."""
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 10):
        raise argparse.ArgumentTypeError(f'"{text[:40]}" is no number from 1 on')
    return int(text)


def _pause(text: str) -> float:
    """A number of seconds. Raises ArgumentTypeError for any other text."""
    with suppress(ValueError):
        if 0.01 <= (seconds := float(text)) <= 3_600:
            return seconds
    raise argparse.ArgumentTypeError(f'"{text[:40]}" is no number of seconds from 0.01 to 3600')


def _add_comparing(verbs: Verbs) -> None:
    explain = _add(verbs, "explain", policy_commands.explain, "why an action is decided as it is, and what would alter that")
    explain.add_argument("subject", nargs="?", metavar="ACTION", help="an action as JSON, or the id of a plan or an approval")
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


def _formatter(prog: str) -> argparse.HelpFormatter:
    """What lays out the help; imported only when help is asked for."""
    from rich_argparse import RichHelpFormatter

    return RichHelpFormatter(prog)


class _Version(argparse.Action):
    """Shows the version, and looks it up only then: that takes as long as a fifth of a command."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"signoff {version('signoff')}")
        parser.exit()


def _add(verbs: Verbs, name: str, command: commands.Command, summary: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=summary, description=summary, formatter_class=_formatter)
    parser.set_defaults(command=command, planner=None)
    parser.add_argument("--db", metavar="FILE", help="the database (default: SIGNOFF_DB, or signoff.db)")
    parser.add_argument("--policies", metavar="FILE", help="the policies (default: SIGNOFF_POLICIES, or policies.yaml)")
    parser.add_argument("--actions", metavar="MODULE:NAME", help="the actions (default: SIGNOFF_ACTIONS, or the demo bank's)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _no_actor(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(who=None)


def _may_act(parser: argparse.ArgumentParser, summary: str) -> None:
    parser.add_argument("--as", dest="who", metavar="WHO", help=summary)


def _must_act(parser: argparse.ArgumentParser, summary: str) -> None:
    parser.add_argument("--as", dest="who", metavar="WHO", required=True, help=summary)


def _may_choose_planner(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--planner",
        choices=[choice.value for choice in PlannerChoice],
        help="who plans: a model, the built-in rules planner, or (auto, the default) a model where a key or base URL is set",
    )
