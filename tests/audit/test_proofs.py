"""Proofs as files, to the byte as C2SP has them; and what is no proof."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.audit.keys import new_keys
from signoff.audit.notes import sign_checkpoint
from signoff.audit.proofs import Extension, InclusionProof, read_extension, read_inclusion
from signoff.audit.tree import Tree, check_consistency, check_inclusion

HASHES = tuple(hashlib.sha256(text).digest() for text in (b"hash1", b"hash2"))
HEAD = sign_checkpoint(new_keys("log.example"), 20, bytes(32))


def test_the_form_of_other_programs() -> None:
    """The lines are those of the test of transparency-dev/formats, proof/tlog_proof_test.go (TestMarshal)."""
    first, second = (base64.b64encode(one).decode() for one in HASHES)
    head = HEAD.to_bytes().decode()
    extra = hashlib.sha256(b"extra").digest()
    for proof, wanted in (
        (
            InclusionProof(index=5, hashes=HASHES, checkpoint=HEAD),
            f"c2sp.org/tlog-proof@v1\nindex 5\n{first}\n{second}\n\n{head}",
        ),
        (
            InclusionProof(index=10, hashes=HASHES[:1], checkpoint=HEAD, extra=extra),
            f"c2sp.org/tlog-proof@v1\nextra {base64.b64encode(extra).decode()}\nindex 10\n{first}\n\n{head}",
        ),
        (InclusionProof(index=0, hashes=(), checkpoint=HEAD), f"c2sp.org/tlog-proof@v1\nindex 0\n\n{head}"),
    ):
        assert proof.to_bytes().decode() == wanted
        assert read_inclusion(wanted.encode()) == proof
    told = f"old 3\n{first}\n\n{head}"  # as in https://c2sp.org/tlog-witness
    assert read_extension(told.encode()) == Extension(old=3, hashes=HASHES[:1], checkpoint=HEAD)


@given(st.integers(1, 40), st.data())
def test_proofs_are_read_back_and_hold(size: int, data: st.DataObject) -> None:
    """Every proof of a tree is read back as it was written, and is checked against its checkpoint."""
    leaves = [hashlib.sha256(bytes([number])).digest() for number in range(size)]
    tree, index, old = Tree(leaves), data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    head = sign_checkpoint(new_keys("log.example"), size, tree.root())
    inclusion = read_inclusion(InclusionProof(index=index, hashes=tree.inclusion(index), checkpoint=head, extra=b"x").to_bytes())
    check_inclusion(leaves[index], inclusion.index, head.size, inclusion.hashes, inclusion.checkpoint.root)
    extension = read_extension(Extension(old=old, hashes=tree.consistency(old), checkpoint=head).to_bytes())
    check_consistency(old, tree.root(old), head.size, head.root, extension.hashes)


GOOD = InclusionProof(index=5, hashes=HASHES, checkpoint=HEAD, extra=b"more").to_bytes()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tlog-proof@v1", b"tlog-proof@v2"),
        (b"index 5", b"index 05"),
        (b"index 5", b"index  5"),
        (b"index 5", b"index -5"),
        (b"index 5", b"index \xd9\xa5"),
        (b"index 5\n", b""),
        (b"index 5", b"Index 5"),
        (b"extra bW9yZQ==", b"extra bW9yZR=="),
        (b"extra bW9yZQ==", b"extra "),
        (b"extra bW9yZQ==", b"extra bW9yZQ==\nextra bW9yZQ=="),
        (b"extra bW9yZQ==", b"extra bW9 yZQ=="),
        (b"\n\nlog.example", b"\nlog.example"),
        (b"\n\nlog.example", b"\n\n\nlog.example"),
        (b"\n\nlog.example", b"\r\n\r\nlog.example"),
        (b"\n\nlog.example", b"\n" + b"A" * 43 + b"=\nA\n\nlog.example"),
        (b"\n\nlog.example", b"\n" + (b"A" * 43 + b"=\n") * 63 + b"\nlog.example"),
    ],
)
def test_no_proof(old: bytes, new: bytes) -> None:
    """A proof that is written in any other way is refused."""
    altered = GOOD.replace(old, new, 1)
    assert altered != GOOD
    with pytest.raises(ValueError, match=r"proof|number|base 64|Base64|base64|hash|checkpoint|padding|empty line"):
        read_inclusion(altered)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"old 3", b"old 3\n\n", GOOD, b"x" * 9_000_000])
def test_no_extension(data: bytes) -> None:
    """What is no proof of consistency is refused, whatever it is, and however long."""
    with pytest.raises(ValueError, match=r"proof|checkpoint|note|empty line"):
        read_extension(data)
