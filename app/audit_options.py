"""Which commands and options `signoff audit` has."""

from . import log_commands, proof_commands
from .options import Verbs, add_command, count, formatter, may_act, no_actor


def add_commands(verbs: Verbs) -> None:
    """Add `signoff audit` to the command line."""
    audit = verbs.add_parser("audit", help="read, prove and verify the audit log", formatter_class=formatter)
    audit_verbs = audit.add_subparsers(metavar="COMMAND", required=True)
    _add_reading(audit_verbs)
    _add_signing(audit_verbs)
    _add_witness(audit_verbs)


def _add_reading(verbs: Verbs) -> None:
    log = add_command(verbs, "log", log_commands.log, "show the audit log, or some of it")
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
    log.add_argument("-n", "--newest", metavar="COUNT", type=count, help="only the newest so many of these")
    log.add_argument("-f", "--follow", action="store_true", help="go on with those that come, until Ctrl-C")
    no_actor(log)

    verify = add_command(verbs, "verify", proof_commands.verify, "check that nobody altered the log or what it vouches for")
    what = verify.add_mutually_exclusive_group()
    what.add_argument("--export", metavar="FOLDER", help="check an export instead of the database; no secret is needed")
    what.add_argument("--receipt", metavar="FILE", help="check a receipt instead")
    verify.add_argument("--public-key", metavar="KEY", help="a public key of the log, or the file that holds it")
    verify.add_argument("--checkpoint", metavar="FILE", help="checkpoints that you kept: the log must begin with all of them")
    no_actor(verify)

    accept = add_command(verbs, "accept", log_commands.accept, "take a database that was put back from a backup for the newest")
    accept.add_argument("--reason", metavar="TEXT", required=True, help="why, for the log")
    may_act(accept, "who says so (default: the operating system's user)")


def _add_signing(verbs: Verbs) -> None:
    no_actor(add_command(verbs, "key", proof_commands.key, "print the log's public key, for those who verify"))

    checkpoint = add_command(verbs, "checkpoint", proof_commands.checkpoint, "sign the head of the log, to be kept elsewhere")
    checkpoint.add_argument("--to", metavar="FILE", help="add it to this file of checkpoints, which only grows")
    checkpoint.add_argument("--since", metavar="FILE", help="prove, too, that the log goes on from the newest checkpoint in FILE")
    no_actor(checkpoint)

    export = add_command(verbs, "export", proof_commands.export, "write the log as files that anybody can verify")
    export.add_argument("--to", metavar="FOLDER", required=True, help="a new folder")
    export.add_argument("--plan", metavar="PLAN", help="only this plan, with proofs that its entries are in the log")
    export.add_argument("--csv", action="store_true", help="a table for spreadsheets, too")
    no_actor(export)

    receipt = add_command(verbs, "receipt", proof_commands.receipt, "write a receipt for a vote, which its voter can keep")
    receipt.add_argument("id", metavar="APPROVAL", help="the approval's id")
    receipt.add_argument("--to", metavar="FILE", required=True, help="where to write it, such as vote.tlog-proof")
    may_act(receipt, "whose vote (default: the only one)")

    rotate = add_command(
        verbs, "rotate", proof_commands.rotate, "put new keys in the place of the log's; the old one vouches for them"
    )
    may_act(rotate, "who does it, for the log (default: the operating system's user)")


def _add_witness(verbs: Verbs) -> None:
    witness = add_command(
        verbs, "witness", proof_commands.witness, "keep the last head of a log, and take none that forks from it"
    )
    witness.add_argument(
        "checkpoint",
        nargs="?",
        metavar="CHECKPOINT",
        help="a checkpoint, a proof, or an export (default: the log in the database)",
    )
    witness.add_argument("--state", metavar="FILE", required=True, help="where the last head is kept, best on another machine")
    witness.add_argument("--public-key", metavar="KEY", help="a public key of the log, or the file that holds it")
    witness.add_argument("--cosign", metavar="FILE", help="sign what was seen with the key in FILE, too")
    witness.add_argument("--name", metavar="NAME", help="make the key in --cosign, under this name")
    no_actor(witness)
