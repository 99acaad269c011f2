"""The command line: which commands and options there are, and how errors end."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

from .errors import Exit, SignoffError, UsageError
from .options import Command, formatter
from .settings import Settings

# Which module adds which commands. Only that of the command that is asked for is imported, as a short one must answer at once.
_ADDED_BY = {
    "plan_options": ("demo", "plan", "run", "chat", "resume", "worker"),
    "look_options": ("queue", "show"),
    "sign_options": ("approve", "reject", "edit", "resolve", "cancel", "delegate"),
    "policy_options": ("policies",),
    "audit_options": ("audit",),
    "bench_command": ("bench",),
}

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
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        options = _parser(arguments[0] if arguments else "").parse_args(arguments)
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
        from .commands import print_error

        print_error(error, settings)
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


def _parser(command: str) -> argparse.ArgumentParser:
    """What reads the arguments of *command*, or, where there is no such one, of all."""
    parser = argparse.ArgumentParser(
        prog="signoff",
        description="Typed plans of actions, decided by policies, signed off by people, run exactly as often as they should.",
        formatter_class=formatter,
        epilog="Exit codes: 0 done, 1 failed or no plan came, 2 wrong usage, 3 something waits for approval, "
        "4 denied or rejected, or looser in a replay, 5 policies invalid, 6 audit log does not verify, 7 something is in doubt.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    known = any(command in added for added in _ADDED_BY.values())
    for module, added in _ADDED_BY.items():
        if command in added or not known:
            import_module(f".{module}", __package__).add_commands(verbs)
    return parser


class _Version(argparse.Action):
    """Shows the version, and looks it up only then: that takes as long as a fifth of a command."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"signoff {version('signoff')}")
        parser.exit()
