"""A witness: it keeps the last head of a log that it saw, elsewhere, and takes no other that does not go on from it."""

from collections.abc import Callable
from pathlib import Path

from signoff.errors import LogInvalid

from .checkpoints import Kept, read_kept
from .files import write_file
from .keys import Keys
from .locks import LOCK_TIMEOUT, locked
from .notes import Checkpoint, PublicKey, add_cosignature, cosigner_key
from .offline import verify_export
from .proofs import Extension
from .tree import check_consistency

Evidence = Callable[[Checkpoint | None], Checkpoint]  # given the last head, the new one, which goes on from it; or ValueError


def witness_head(state: Path, evidence: Evidence, *, cosigner: Keys | None, at: int, timeout: float = LOCK_TIMEOUT) -> Checkpoint:
    """Take the head that *evidence* gives as the last one seen, durably, and return it, cosigned *at* that time.

    The file at *state* holds it; of two processes one waits for the other. Raises LogInvalid where the head does not go on
    from the last one: then nothing is changed.
    """
    lock = state.with_name(f"{state.name}.lock")
    with locked(lock, f'another process uses "{state}"; try again', timeout):
        last = _last(state, cosigner)
        try:
            new = evidence(last)
            if last:
                _check_newer(last, new)
        except ValueError as error:
            raise LogInvalid(f'the checkpoint was not taken, and "{state}" stays: {error}') from error
        seen = add_cosignature(new, cosigner, at) if cosigner else new
        write_file(state, seen.to_bytes())
        return seen


def extension_evidence(told: Extension, check: Callable[[Checkpoint], None]) -> Evidence:
    """The evidence of a proof of consistency; *check* raises ValueError where its checkpoint is not signed by the log."""

    def evidence(last: Checkpoint | None) -> Checkpoint:
        new = told.checkpoint
        check(new)
        if last and last.size != told.old:
            raise ValueError(f"the proof goes on from {told.old} entries, and the last checkpoint told {last.size}")
        if last:
            check_consistency(last.size, last.root, new.size, new.root, told.hashes)
        return new

    return evidence


def export_evidence(folder: Path, trusted: PublicKey) -> Evidence:
    """The evidence of an export of the whole log."""

    def evidence(last: Checkpoint | None) -> Checkpoint:
        kept = [Kept(where="the witness's state", checkpoint=last)] if last else []
        found = verify_export(folder, trusted, kept)
        if found.problems or found.plan is not None or found.checkpoint is None:
            raise ValueError([*found.problems, f"it is the export of {found.plan} alone"][0])
        return found.checkpoint

    return evidence


def plain_evidence(new: Checkpoint, check: Callable[[Checkpoint], None]) -> Evidence:
    """The evidence of a checkpoint alone, which shows no more than that it is the first, or the last one again."""

    def evidence(last: Checkpoint | None) -> Checkpoint:
        check(new)
        if last and new.size > last.size:
            raise ValueError("nothing shows that it goes on from the last one; `signoff audit checkpoint --since` proves that")
        return new

    return evidence


def _last(state: Path, cosigner: Keys | None) -> Checkpoint | None:
    kept = read_kept(state)
    if len(kept) > 1:
        raise LogInvalid(f'"{state}" holds {len(kept)} checkpoints, and a witness keeps one; name its own file')
    if kept and cosigner:
        try:
            kept[0].checkpoint.note.check(cosigner_key(cosigner))
        except ValueError as error:
            raise LogInvalid(f'"{state}" is not what this witness wrote: {error}; put it right') from error
    return kept[0].checkpoint if kept else None


def _check_newer(last: Checkpoint, new: Checkpoint) -> None:
    """Raises ValueError where *new* is another log's, older, or of another history."""
    if new.origin != last.origin:
        raise ValueError(f'it is of the log "{new.origin[:80]}", and the last one was of "{last.origin[:80]}"')
    if new.size < last.size:
        raise ValueError(f"it tells {new.size} entries, and the last one told {last.size}: some were removed")
    if new.size == last.size and new.root != last.root:
        raise ValueError(f"it tells other entries than the last one, both {new.size}: the log was rewritten")
