"""Which options the commands have that plan and run."""

import argparse
from contextlib import suppress

from . import chat_command, commands
from .options import Verbs, add_command, count, may_act, may_choose_planner
from .settings import MAX_CALLS, MAX_TOKENS, MAX_TURNS


def add_commands(verbs: Verbs) -> None:
    """Add `demo`, `plan`, `run`, `chat`, `resume` and `worker` to the command line."""
    demo = add_command(verbs, "demo", commands.demo, "talk to the demo bank; without a terminal, a tour in a database of its own")
    may_act(demo, "who asks first (default: dana, the demo bank's customer)")
    may_choose_planner(demo)

    plan = add_command(verbs, "plan", commands.plan, "plan a request and show what would be decided; nothing is stored")
    plan.add_argument("text", metavar="TEXT", help='what to do, such as "send $20 to Alice"')
    may_act(plan, "who asks (default: dana, the demo bank's customer)")
    may_choose_planner(plan)
    _takes_context(plan)

    run = add_command(verbs, "run", commands.run, "plan a request, run what is allowed, and queue what needs approval")
    what = run.add_mutually_exclusive_group(required=True)
    what.add_argument("text", nargs="?", metavar="TEXT", help='what to do, such as "send $20 to Alice"')
    what.add_argument("--plan", metavar="FILE", help="a plan as JSON instead; - reads it from standard input")
    may_act(run, "who asks (default: dana, the demo bank's customer)")
    run.add_argument("--no-run", action="store_true", help="only accept it; a worker or `signoff resume` runs it")
    may_choose_planner(run)
    _takes_context(run)

    _add_chat(verbs)

    resume = add_command(verbs, "resume", commands.resume, "go on with a plan, or with all, after an approval or a crash")
    resume.add_argument("id", nargs="?", metavar="PLAN", help="the plan's id (default: every plan that can go on)")
    may_act(resume, "who goes on (default: the operating system's user)")

    worker = add_command(verbs, "worker", commands.worker, "go on with what can go on, beside other workers, until told to stop")
    worker.add_argument("--drain", action="store_true", help="end once nothing is left that can go on by itself")
    worker.add_argument("--poll", metavar="SECONDS", type=_pause, default=1.0, help="how often to look for work (default: 1)")
    may_act(worker, "who goes on (default: the operating system's user)")


def _add_chat(verbs: Verbs) -> None:
    chat = add_command(verbs, "chat", chat_command.chat, "talk with a model that calls actions; each call is decided on its own")
    chat.add_argument("words", nargs="?", metavar="WORDS", help="one message; without it, lines are read until the input ends")
    chat.add_argument("--resume", metavar="ID", help="go on with this conversation, from what is stored of it")
    chat.add_argument("--list", action="store_true", help="show the conversations and where each stands")
    for name, most in (("turns", MAX_TURNS), ("calls", MAX_CALLS), ("tokens", MAX_TOKENS)):
        what = (
            f"how many {name} of the model one conversation may take; then it ends (default: {most:,}; --resume never raises it)"
        )
        chat.add_argument(f"--max-{name}", metavar="N", type=count, help=what)
    may_act(chat, "who talks (default: dana, the demo bank's customer)")


def _takes_context(parser: argparse.ArgumentParser) -> None:
    for option, whose in (
        ("--context", "anybody may have written: invoice=bill.txt"),
        ("--trusted-context", "only your own systems could write: payees=payees.txt"),
    ):
        what = f"a text for the planner to read beside the request, which {whose}; once for each"
        parser.add_argument(option, metavar="SOURCE=FILE", action="append", default=[], help=what)


def _pause(text: str) -> float:
    """A number of seconds. Raises ArgumentTypeError for any other text."""
    with suppress(ValueError):
        if 0.01 <= (seconds := float(text)) <= 3_600:
            return seconds
    raise argparse.ArgumentTypeError(f'"{text[:40]}" is no number of seconds from 0.01 to 3600')
