"""Which options the commands have by which people decide."""

import argparse

from . import delegate_command, sign_commands
from .options import Verbs, add_command, may_decide


def add_commands(verbs: Verbs) -> None:
    """Add `approve`, `reject`, `edit`, `resolve`, `cancel` and `delegate` to the command line."""
    _add_signing(verbs)
    _add_settling(verbs)


def _add_signing(verbs: Verbs) -> None:
    approve = add_command(verbs, "approve", sign_commands.approve, "sign an approval, or several together, after they were shown")
    _names_approvals(approve)
    approve.add_argument("--digest", metavar="PREFIX", help="the first 8 or more digits of the digest of what you approve")
    approve.add_argument("--reason", metavar="TEXT", help="why, for the log")
    approve.add_argument("--no-run", action="store_true", help="only vote; `signoff resume` runs it later")
    may_decide(approve, "who signs")

    reject = add_command(
        verbs, "reject", sign_commands.reject, "reject an approval, or several together; what needs them is skipped"
    )
    _names_approvals(reject)
    reject.add_argument("--reason", metavar="TEXT", required=True, help="why, for the log and the requester")
    may_decide(reject, "who rejects")

    edit = add_command(verbs, "edit", sign_commands.edit, "change an action that waits; it is decided anew, and others sign it")
    edit.add_argument("id", metavar="ID", help="the approval's id")
    change = "what a field shall be: text or an amount as it stands, else JSON; null where it may be left out; once for each"
    edit.add_argument("--set", metavar="FIELD=VALUE", action="append", required=True, help=change)
    edit.add_argument("--reason", metavar="TEXT", required=True, help="why, for the log, the requester and those who sign")
    edit.add_argument("--no-run", action="store_true", help="only edit; `signoff resume` goes on later")
    may_decide(edit, "who edits: somebody who may sign it, and did not ask for it")


def _add_settling(verbs: Verbs) -> None:
    resolve = add_command(
        verbs, "resolve", sign_commands.resolve, "settle what is in doubt, once you have found out whether it happened"
    )
    resolve.add_argument("id", metavar="PLAN/NUMBER", help="the action, as `signoff queue` names it: p-12ab/2")
    outcome = resolve.add_mutually_exclusive_group(required=True)
    outcome.add_argument("--done", action="store_true", help="it happened")
    outcome.add_argument("--not-done", action="store_true", help="it did not, and will not: it is decided anew")
    resolve.add_argument("--reason", metavar="TEXT", required=True, help="how you know, for the log")
    resolve.add_argument("--no-run", action="store_true", help="only say so; `signoff resume` goes on later")
    may_decide(resolve, "who found out: somebody who may approve, and did not ask for it")

    cancel = add_command(verbs, "cancel", sign_commands.cancel, "cancel what a plan has not started")
    cancel.add_argument("id", metavar="PLAN", help="the plan's id")
    may_decide(cancel, "who cancels: the requester, or somebody who may approve")

    delegate = add_command(
        verbs, "delegate", delegate_command.delegate, "hand your seats to somebody else for a time, or take them back"
    )
    asked = delegate.add_mutually_exclusive_group(required=True)
    asked.add_argument("--to", metavar="WHO", help="who signs for you, too, until then; in place of whoever did")
    asked.add_argument("--revoke", action="store_true", help="take them back")
    asked.add_argument("--list", action="store_true", help="show who signs for whom")
    delegate.add_argument("--until", metavar="WHEN", help='2026-11-30, "2026-11-30 18:00" (UTC), or for how long: 8h, 7d')
    delegate.add_argument("--reason", metavar="TEXT", help="why, for the log")
    may_decide(delegate, "whose seats")


def _names_approvals(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", nargs="*", help="the approval's id, or several: all are decided, or none")
    parser.add_argument("--plan", metavar="PLAN", help="all that waits in this plan, instead")
