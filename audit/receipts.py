"""A receipt for a vote: that it stands in the log, and on what it was cast, to keep and to check without the log.

It is a proof of inclusion (https://c2sp.org/tlog-proof) of the vote's Entry. What the proof does not hold stands in its `extra`:
the Entry and the action, in exactly the bytes that were hashed, and how the log's keys changed. Nothing of that is believed
but what the proof, a digest in the Entry, or a signature vouches for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.canonical import Json, canonical, digest, parse
from signoff.errors import UsageError

from .checkpoints import Kept, checked, sign_leaves
from .keys import Keys
from .log import leaf_hash
from .notes import Checkpoint, PublicKey
from .proofs import InclusionProof, read_inclusion
from .reading import Reading
from .records import SYSTEM, Approval, Entry
from .rotation import ROTATED, history, read_rotation
from .tree import Tree, check_inclusion


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a receipt says, and what is wrong with it."""

    entry: Mapping[str, Json]  # the vote's Entry
    action: Mapping[str, Json] | None  # on what the vote was cast
    checkpoint: Checkpoint
    problems: tuple[str, ...]


def write_receipt(
    reading: Reading, keys: Keys, kept: Sequence[Kept], approval: Approval, voter: str | None
) -> tuple[InclusionProof, Checkpoint]:
    """The receipt for the newest vote of *voter* (None: of the only one) on *approval*, and the checkpoint that it was made with.

    Raises UsageError where there is no such vote, LogInvalid as `sign_head` does.
    """
    entry = _vote(reading, approval, voter)
    tree = Tree(leaf for _, leaf in checked(reading.rows_in_order()))
    head = sign_leaves(reading, tree.leaves, keys, kept)
    record = reading.plan(approval.plan)
    body = record.action(approval.number).body.decode() if record else None
    told: list[Json] = [{"number": one.number, "data": one.data} for one in reading.entries(SYSTEM) if one.event == ROTATED]
    extra = canonical({"entry": entry.body.decode(), "action": body, "rotations": told})
    index = entry.number - 1
    return InclusionProof(index=index, hashes=tree.inclusion(index), checkpoint=head, extra=extra), head


def read_receipt(data: bytes, trusted: PublicKey) -> Receipt:
    """What a receipt says, checked with a public key of its log. Raises ValueError where *data* is no receipt."""
    proof = read_inclusion(data)
    extra = parse(proof.extra)
    body, action, told = extra["entry"], extra["action"], extra["rotations"]
    if extra.keys() != {"entry", "action", "rotations"} or not isinstance(body, str) or not isinstance(told, list):
        raise ValueError("what it holds is not what a receipt holds")
    entry = parse(body.encode())
    shown = parse(action.encode()) if isinstance(action, str) else None
    problems = (*_proof_problems(proof, body.encode(), told, trusted), *_vote_problems(proof, entry, action))
    return Receipt(entry=entry, action=shown, checkpoint=proof.checkpoint, problems=problems)


def _vote(reading: Reading, approval: Approval, voter: str | None) -> Entry:
    votes = [one for one in reading.entries(approval.plan) if one.event == "voted" and one.data.get("approval") == approval.id]
    voters = sorted({one.actor.id for one in votes})
    if voter is None and len(voters) > 1:
        raise UsageError(f"{', '.join(voters)} voted on {approval.id}; say with --as whose receipt is meant")
    found = [one for one in votes if voter in (None, one.actor.id)]
    if not found:
        raise UsageError(f"{voter or 'nobody'} has not voted on {approval.id}; `signoff show {approval.id}` tells who has")
    return found[-1]


def _proof_problems(proof: InclusionProof, body: bytes, told: Sequence[Json], trusted: PublicKey) -> Iterator[str]:
    head = proof.checkpoint
    rotations: Sequence[Any] = told  # of any shape: where it is not that of a rotation, reading it raises one of the errors below
    try:
        history(trusted, [read_rotation(one["number"], one["data"]) for one in rotations]).check(head)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        yield f"the checkpoint is not to be believed: {error}"
    try:
        check_inclusion(leaf_hash(body), proof.index, head.size, proof.hashes, head.root)
    except ValueError as error:
        yield f"the entry is not shown to be in the log: {error}"


def _vote_problems(proof: InclusionProof, entry: Mapping[str, Json], action: Json) -> Iterator[str]:
    if entry.get("event") != "voted" or entry.get("number") != proof.index + 1:
        yield f"what it shows is no vote, or not entry {proof.index + 1}"
    data = entry.get("data")
    if not isinstance(action, str) or not isinstance(data, dict) or digest(action.encode()) != data.get("digest"):
        yield "the action that it shows is not the one on which the vote was cast"
