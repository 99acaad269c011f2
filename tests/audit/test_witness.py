"""What a witness takes, and what shows nothing: heads and proofs that are signed, and wrong all the same."""

import hashlib
from pathlib import Path

import pytest

from signoff.audit.keys import Keys, new_keys
from signoff.audit.log import leaf_hash
from signoff.audit.notes import Checkpoint, read_public_key, sign_checkpoint
from signoff.audit.proofs import Extension, InclusionProof
from signoff.audit.receipts import read_receipt
from signoff.audit.rotation import history
from signoff.audit.tree import Tree
from signoff.audit.witness import extension_evidence, plain_evidence, witness_head
from signoff.canonical import canonical, digest
from signoff.errors import LogInvalid

KEYS, OTHER = new_keys(), new_keys()
CHECK = history(read_public_key(KEYS.public), ()).check
TREE, FORK = (Tree([hashlib.sha256(kind + bytes([number])).digest() for number in range(9)]) for kind in (b"log", b"fork"))


def head(size: int, tree: Tree = TREE, keys: Keys = KEYS) -> Checkpoint:
    return sign_checkpoint(keys, size, tree.root(size))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state of a witness that saw five entries."""
    witness_head(tmp_path / "state", plain_evidence(head(5), CHECK), cosigner=None, at=0)
    return tmp_path / "state"


def test_a_proof_is_taken(state: Path) -> None:
    """A longer head with its proof is the last one from then on."""
    told = Extension(old=5, hashes=TREE.consistency(5), checkpoint=head(9))
    witness_head(state, extension_evidence(told, CHECK), cosigner=None, at=0)
    assert state.read_bytes() == head(9).to_bytes()


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (Extension(old=5, hashes=FORK.consistency(5), checkpoint=head(9, FORK)), "does not begin with the tree of 5"),
        (Extension(old=5, hashes=TREE.consistency(5), checkpoint=head(9, FORK)), "does not begin with the tree of 5"),
        (Extension(old=5, hashes=(), checkpoint=head(9)), "too short"),
        (Extension(old=4, hashes=TREE.consistency(4), checkpoint=head(9)), "goes on from 4 entries"),
        (Extension(old=5, hashes=TREE.consistency(5), checkpoint=head(9, keys=new_keys(KEYS.origin))), "not signed by"),
        (Extension(old=5, hashes=TREE.consistency(5), checkpoint=head(9, keys=new_keys())), "it is of the log"),
    ],
    ids=["a fork", "the fork's head", "no proof", "another size", "another key", "another log"],
)
def test_a_wrong_proof_is_refused(state: Path, told: Extension, reason: str) -> None:
    """A fork, a proof of something else, and one that somebody else signed leave the state as it was."""
    before = state.read_bytes()
    with pytest.raises(LogInvalid, match=reason):
        witness_head(state, extension_evidence(told, CHECK), cosigner=None, at=0)
    assert state.read_bytes() == before


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (head(5, FORK), "other entries than the last one"),
        (head(4), "some were removed"),
        (head(6), "nothing shows"),
        (head(5, keys=OTHER), "it is of the log"),
    ],
    ids=["a fork", "smaller", "larger", "another log"],
)
def test_a_head_alone_is_refused(state: Path, new: Checkpoint, reason: str) -> None:
    """Only the same head again needs no proof; another log's is refused, also where its own key is given."""
    before = state.read_bytes()
    check = history(read_public_key((OTHER if new.origin == OTHER.origin else KEYS).public), ()).check
    with pytest.raises(LogInvalid, match=reason):
        witness_head(state, plain_evidence(new, check), cosigner=None, at=0)
    assert state.read_bytes() == before


@pytest.mark.parametrize(
    ("event", "number", "problem"),
    [("voted", 1, None), ("asked", 1, "is no vote"), ("voted", 2, "is no vote, or not entry 1")],
)
def test_a_receipt_is_of_a_vote(event: str, number: int, problem: str | None) -> None:
    """The proof of another Entry is no receipt, nor that of one which says that it stands elsewhere."""
    action = canonical({"type": "transfer"}).decode()
    body = canonical({"event": event, "number": number, "data": {"digest": digest(action.encode())}})
    signed = sign_checkpoint(KEYS, 1, leaf_hash(body))
    extra = canonical({"entry": body.decode(), "action": action, "rotations": []})
    data = InclusionProof(index=0, hashes=(), checkpoint=signed, extra=extra).to_bytes()
    problems = read_receipt(data, read_public_key(KEYS.public)).problems
    assert problems == () if problem is None else problem in "".join(problems)
