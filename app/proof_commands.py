"""What those commands of `signoff audit` do that sign or prove, or verify what was signed.

What they need is imported where it is used: no other command pays for signatures.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import forms, log_commands, output
from .audit_output import audited_json, print_audited, print_receipt, receipt_json, several
from .errors import Exit, LogInvalid, UsageError
from .opening import open_store
from .settings import Settings

if TYPE_CHECKING:
    from signoff.audit import Checkpoint, Evidence, Kept, Keys, PublicKey, Reading

MAX_KEY = 65_536  # bytes of a public key's file


@dataclass(frozen=True, kw_only=True)
class _Signing:
    """An open log, whose head may be signed."""

    reading: "Reading"
    keys: "Keys"
    kept: "list[Kept]"


@contextmanager
def _signing(settings: Settings, *more: "Kept") -> "Iterator[_Signing]":
    """The log, with its keys and with the heads that it has to go on from: the kept one, and *more*."""
    from signoff.audit import keeping, kept_path, keys_in_force, read_kept, read_keys

    with open_store(settings) as store, keeping(settings.key_file, settings.timeout), store.read() as tx:
        keys = keys_in_force(tx, read_keys(settings.key_file))
        yield _Signing(reading=tx, keys=keys, kept=[*read_kept(kept_path(settings.key_file)), *more])


def _keep(settings: Settings, checkpoint: "Checkpoint") -> None:
    from signoff.audit import keep, kept_path

    keep(kept_path(settings.key_file), checkpoint)


def key(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff audit key`."""
    with _signing(settings) as log:
        public = log.keys.public
    if settings.json:
        forms.print_json({"origin": log.keys.origin, "public_key": public})
    else:
        print(public)
    return Exit.DONE


def checkpoint(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff audit checkpoint`."""
    from signoff.audit import extend_head, publish, read_kept, sign_head

    published = [] if options.since or not options.to else read_kept(Path(options.to))[-1:]
    with _signing(settings, *published) as log:
        if options.since:
            extension = extend_head(log.reading, log.keys, log.kept, _newest(options.since))
            head, told = extension.checkpoint, extension.to_bytes()
        else:
            head = sign_head(log.reading, log.keys, log.kept)
            told = head.to_bytes()
        _keep(settings, head)
        if options.to and options.since:
            _write_new(options.to, told)
        elif options.to:
            publish(Path(options.to), head, published)
    if settings.json:
        forms.print_json(
            {"origin": head.origin, "size": head.size, "root": head.root.hex(), "text": told.decode(), "file": options.to}
        )
    elif options.to:
        output.print_text(f"The checkpoint of {_entries(head.size)} is in {options.to}.")
    else:
        sys.stdout.write(told.decode())
    return Exit.DONE


def export(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff audit export`."""
    from signoff.audit import write_export

    with _signing(settings) as log:
        if options.plan is not None and log.reading.plan(options.plan) is None:
            raise UsageError(f'there is no plan "{options.plan[:64]}"; `signoff audit log` names them')
        head = write_export(Path(options.to), log.reading, log.keys, log.kept, plan=options.plan, table=options.csv)
        _keep(settings, head)
    if settings.json:
        forms.print_json({"folder": options.to, "origin": head.origin, "size": head.size, "root": head.root.hex()})
        return Exit.DONE
    what = f"{options.plan}, out of the {_entries(head.size)} of the log" if options.plan else f"The log, {_entries(head.size)}"
    output.print_text(f"{what}, is in {options.to}. `signoff audit key` prints the key with which others verify it.")
    return Exit.DONE


def receipt(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff audit receipt APPROVAL`."""
    from signoff.audit import write_receipt

    with _signing(settings) as log:
        approval = log.reading.approval(options.id)
        if approval is None:
            raise UsageError(f'there is no approval "{options.id[:64]}"; `signoff audit log` names them')
        proof, head = write_receipt(log.reading, log.keys, log.kept, approval, options.who)
        _keep(settings, head)
        _write_new(options.to, proof.to_bytes())
    if settings.json:
        forms.print_json({"file": options.to, "entry": proof.index + 1, "origin": head.origin, "size": head.size})
    else:
        output.print_text(f"The receipt for entry {proof.index + 1} is in {options.to}.")
    return Exit.DONE


def rotate(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff audit rotate`."""
    from signoff.audit import rotate as rotate_keys

    with open_store(settings) as store:
        done = rotate_keys(store, settings.key_file, settings.operator)
    if settings.json:
        forms.print_json({"public_key": done.new.public, "replaced": done.old.public if done.old else None})
        return Exit.DONE
    said = (
        "New keys are in force"
        if done.old
        else "New keys are in force since a rotation that was interrupted, and is complete now"
    )
    output.print_text(f"{said}. Whoever has the old public key can follow to the new one:")
    print(done.new.public)
    return Exit.DONE


def verify(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff audit verify`, of the database, an export or a receipt."""
    if options.export:
        return _verify_export(options, settings)
    if options.receipt:
        return _verify_receipt(options, settings)
    if options.public_key or options.checkpoint:
        raise UsageError("--public-key and --checkpoint are for --export and --receipt; name one of them, too")
    return log_commands.verify(options, settings)


def _verify_export(options: argparse.Namespace, settings: Settings) -> Exit:
    from signoff.audit import verify_export

    found = verify_export(Path(options.export), _public_key(options), _kept_by_auditor(options.checkpoint))
    if settings.json:
        forms.print_json(audited_json(found))
    else:
        print_audited(found)
    return Exit.LOG if found.problems else Exit.DONE


def _verify_receipt(options: argparse.Namespace, settings: Settings) -> Exit:
    from signoff.audit import MAX_PROOF, read_file, read_receipt

    if options.checkpoint:
        raise UsageError("--checkpoint is for --export: a receipt does not show how the log went on")
    try:
        found = read_receipt(read_file(Path(options.receipt), MAX_PROOF), _public_key(options))
    except (ValueError, KeyError, TypeError) as error:
        raise LogInvalid(f'"{options.receipt}" is no receipt as it was written: {error}') from error
    if settings.json:
        forms.print_json(receipt_json(found))
    else:
        print_receipt(found)
    return Exit.LOG if found.problems else Exit.DONE


def witness(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff audit witness`."""
    from signoff.audit import witness_head

    cosigner = _cosigner(options)
    evidence = _evidence(options) if options.checkpoint else _database_evidence(settings)
    seen = witness_head(Path(options.state), evidence, cosigner=cosigner, at=int(time.time()), timeout=settings.timeout)
    if settings.json:
        text = seen.to_bytes().decode()
        forms.print_json(
            {"origin": seen.origin, "size": seen.size, "root": seen.root.hex(), "text": text, "state": options.state}
        )
    else:
        output.print_text(f"The head of {_entries(seen.size)} was taken: {options.state} holds it.")
    return Exit.DONE


def _evidence(options: argparse.Namespace) -> "Evidence":
    """What shows the new head: an export, a proof, or a checkpoint alone."""
    from signoff.audit import (
        MAX_PROOF,
        export_evidence,
        extension_evidence,
        history,
        plain_evidence,
        read_checkpoint,
        read_extension,
        read_file,
    )

    path, trusted = Path(options.checkpoint), _public_key(options)
    if path.is_dir():
        return export_evidence(path, trusted)
    data = read_file(path, MAX_PROOF)
    check = history(trusted, ()).check
    try:
        if data.startswith(b"old "):
            return extension_evidence(read_extension(data), check)
        return plain_evidence(read_checkpoint(data), check)
    except ValueError as error:
        raise LogInvalid(f'"{path}" is neither a checkpoint nor a proof: {error}') from error


def _database_evidence(settings: Settings) -> "Evidence":
    """The log in the database, which its own keys sign now."""
    from signoff.audit import Kept, sign_head

    def evidence(last: "Checkpoint | None") -> "Checkpoint":
        with _signing(settings, *([Kept(where="the witness's state", checkpoint=last)] if last else [])) as log:
            head = sign_head(log.reading, log.keys, log.kept)
            _keep(settings, head)
            return head

    return evidence


def _cosigner(options: argparse.Namespace) -> "Keys | None":
    """The witness's own keys; they are made where --name names them."""
    from signoff.audit import cosigner_key, new_keys, read_keys, write_keys

    if not options.cosign:
        if options.name:
            raise UsageError("--name is for a key of the witness's own; name its file with --cosign")
        return None
    path = Path(options.cosign)
    if options.name:
        if not all(letter.isalnum() or letter in "./-_" for letter in options.name) or not options.name.isascii():
            raise UsageError(f'"{options.name[:40]}" is no name of a witness; write one such as witness.example.com/w1')
        write_keys(path, new_keys(options.name))
        output.print_note(f"the witness's public key is {cosigner_key(read_keys(path)[0])}")
    return read_keys(path)[0]


def _public_key(options: argparse.Namespace) -> "PublicKey":
    """The key that --public-key says, or that stands in the file that it names. Raises UsageError where it says none."""
    from signoff.audit import read_file, read_public_key

    if not options.public_key:
        raise UsageError("say with --public-key whose log it has to be; `signoff audit key` prints that")
    try:
        return read_public_key(options.public_key)
    except ValueError as error:
        if not Path(options.public_key).exists():
            told = f"--public-key: {error}; write what `signoff audit key` prints, or name a file that holds it"
            raise UsageError(told) from error
    try:
        return read_public_key(read_file(Path(options.public_key), MAX_KEY).decode().strip())
    except ValueError as error:
        raise UsageError(f'--public-key: in "{options.public_key}": {error}') from error


def _kept_by_auditor(path: str | None) -> "list[Kept]":
    from signoff.audit import read_kept

    if path is None:
        return []
    kept = read_kept(Path(path))
    if not kept:
        raise UsageError(f'there is no file "{path}"; name one that holds checkpoints')
    return kept


def _newest(path: str) -> "Kept":
    return _kept_by_auditor(path)[-1]


def _write_new(path: str, data: bytes) -> None:
    """Write a file that was not there. Raises UsageError where it is."""
    from signoff.audit import write_file

    if Path(path).exists() or Path(path).is_symlink():
        raise UsageError(f'"{path}" is there already; name a new file')
    write_file(Path(path), data)


def _entries(count: int) -> str:
    return several(count, "entry", "entries")
