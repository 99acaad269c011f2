"""The options that commands share, and how a command is added to the command line."""

import argparse
from argparse import _SubParsersAction
from collections.abc import Callable
from typing import TypeAlias

from .errors import Exit
from .settings import PlannerChoice, Settings

Verbs: TypeAlias = "_SubParsersAction[argparse.ArgumentParser]"
Command: TypeAlias = Callable[[argparse.Namespace, Settings], Exit]


def add_command(verbs: Verbs, name: str, command: Command, summary: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=summary, description=summary, formatter_class=formatter)
    parser.set_defaults(command=command, planner=None, second_opinion=None)
    parser.add_argument("--db", metavar="FILE", help="the database (default: SIGNOFF_DB, or signoff.db)")
    parser.add_argument("--policies", metavar="FILE", help="the policies (default: SIGNOFF_POLICIES, or policies.yaml)")
    parser.add_argument("--actions", metavar="MODULE:NAME", help="the actions (default: SIGNOFF_ACTIONS, or the demo bank's)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def no_actor(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(who=None)


def may_act(parser: argparse.ArgumentParser, summary: str) -> None:
    parser.add_argument("--as", dest="who", metavar="WHO", help=summary)


def may_decide(parser: argparse.ArgumentParser, summary: str) -> None:
    default = "default: the operating system's user; needed where the policies say `identity: claimed`"
    parser.add_argument("--as", dest="who", metavar="WHO", help=f"{summary} ({default})")


def may_choose_planner(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--planner",
        choices=[choice.value for choice in PlannerChoice],
        help="who plans: a model, a local one (experimental), the built-in rules planner, or (auto, the default) a model where "
        "one is set up",
    )
    parser.add_argument(
        "--second-opinion",
        metavar="PLANNER",
        help="who plans, too, so that a plan they differ on is disputed: rules, local, or a model (default: nobody)",
    )


def count(text: str) -> int:
    """A whole number from 1 on. Raises ArgumentTypeError for any other text."""
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 10):
        raise argparse.ArgumentTypeError(f'"{text[:40]}" is no number from 1 on')
    return int(text)


def formatter(prog: str) -> argparse.HelpFormatter:
    """What lays out the help; imported only when help is asked for."""
    from rich_argparse import RichHelpFormatter

    return RichHelpFormatter(prog)
