"""Which commands and options `signoff policies` has."""

from argparse import SUPPRESS

from . import policy_commands
from .options import Verbs, add_command, count, formatter, may_act, no_actor


def add_commands(verbs: Verbs) -> None:
    """Add `signoff policies` to the command line."""
    policies = verbs.add_parser("policies", help="work on the policies file", formatter_class=formatter)
    policy_verbs = policies.add_subparsers(metavar="COMMAND", required=True)
    for verb, command, summary in (
        ("check", policy_commands.check, "report every mistake in the policies file"),
        ("test", policy_commands.test, "run the file's own tests, and tell what they do not try"),
        ("prove", policy_commands.prove, "prove the invariants for all actions, or refute them"),
    ):
        look = add_command(policy_verbs, verb, command, summary)
        look.add_argument(
            "policies", nargs="?", metavar="FILE", help="the policies file, instead of --policies", default=SUPPRESS
        )
        no_actor(look)
    no_actor(add_command(policy_verbs, "schema", policy_commands.schema, "print the JSON Schema of policies files, for editors"))

    _add_comparing(policy_verbs)
    for verb, summary in (
        ("pin", "pin the policies in force: a changed file is not taken up any more"),
        ("load", "put another policies file in the place of the pinned one"),
        ("unpin", "let a changed policies file be taken up again"),
    ):
        change = add_command(policy_verbs, verb, policy_commands.change_pinned, summary)
        if verb == "load":
            change.add_argument("policies", metavar="FILE", help="the new policies file")
        change.set_defaults(verb=verb)
        may_act(change, "who agrees to it (default: the operating system's user)")

    replay = add_command(
        policy_verbs, "replay", policy_commands.replay_past, "decide the log's past plans again by another policies file"
    )
    replay.add_argument("policies", metavar="NEW", help="the policies file to decide by; nothing is changed")
    replay.add_argument("--since", metavar="WHEN", help="only plans accepted from then on: 2026-11-21 (UTC), or how long ago: 7d")
    replay.add_argument("--limit", metavar="N", type=count, help="only the newest N plans")
    replay.add_argument("--all", action="store_true", help="show the actions that would be decided the same, too")
    no_actor(replay)


def _add_comparing(verbs: Verbs) -> None:
    explain = add_command(
        verbs, "explain", policy_commands.explain, "why an action is decided as it is, and what would alter that"
    )
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
    may_act(explain, "who asks (default: dana, the demo bank's customer)")

    diff = add_command(verbs, "diff", policy_commands.diff, "show by actions how two policies files decide otherwise")
    diff.epilog = "Exit codes: 0 the new file lets nothing more through, 4 it does or may, 2 wrong usage, 5 a file is invalid."
    diff.add_argument("first", metavar="OLD", help="the old file; alone: the new one, beside what is in force in the database")
    diff.add_argument("second", nargs="?", metavar="NEW", help="the new file")
    no_actor(diff)
