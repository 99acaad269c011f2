"""The tree over the log's leaves: against the definitions of RFC 6962, section 2.1, written down as they stand there."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.audit.tree import EMPTY_ROOT, Frontier, Tree, check_consistency, check_inclusion, roots_at

# The leaves and roots with which Certificate Transparency's own programs are tested
# (google/certificate-transparency, merkletree/merkle_tree_test.cc; transparency-dev/merkle, testonly/constants.go).
KNOWN_LEAVES = [
    *(b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"),
    *(b"\x50\x51\x52\x53\x54\x55\x56\x57", b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
]
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, over leaf hashes."""
    if not d:
        return hashlib.sha256(b"").digest()
    if len(d) == 1:
        return d[0]
    k = split(len(d))
    return hashlib.sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of section 2.1.1."""
    if len(d) == 1:
        return []
    k = split(len(d))
    return [*path(m, d[:k]), mth(d[k:])] if m < k else [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of section 2.1.2."""
    if m == len(d):
        return [] if known else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], known), mth(d[k:])]
    return [*subproof(m - k, d[k:], False), mth(d[:k])]


LEAVES = [leaf(str(number).encode()) for number in range(70)]
SIZES = st.integers(0, 70)


def test_known_roots() -> None:
    """The roots are those with which other programs of Certificate Transparency are tested."""
    tree = Tree(map(leaf, KNOWN_LEAVES))
    assert [tree.root(size).hex() for size in range(9)] == KNOWN_ROOTS
    assert [Frontier().extend(map(leaf, KNOWN_LEAVES[:size])).root().hex() for size in range(9)] == KNOWN_ROOTS
    assert EMPTY_ROOT.hex() == KNOWN_ROOTS[0]


@given(SIZES, SIZES)
def test_frontier(size: int, more: int) -> None:
    """A frontier has the definition's root at every size, however it grew and whether it was written down meanwhile."""
    grown = Frontier.from_bytes(Frontier().extend(LEAVES[:size]).to_bytes())
    for one in LEAVES[size:more]:
        grown = grown.append(one)
    assert grown == Frontier().extend(LEAVES[: max(size, more)])
    assert grown.root() == mth(LEAVES[: max(size, more)])


@given(SIZES, st.lists(st.integers(0, 90)))
def test_roots_on_the_way(size: int, wanted: list[int]) -> None:
    """In one pass the roots at earlier sizes are had, too; of a size that was not reached there is none."""
    grown, roots = roots_at(LEAVES[:size], wanted)
    assert grown.root() == mth(LEAVES[:size])
    assert roots == {one: mth(LEAVES[:one]) for one in wanted if one <= size}


@pytest.mark.parametrize(
    "told", [b"", bytes(7), bytes(9), bytes(7) + b"\3" + bytes(32), b"\xff" * 8, bytes(7) + b"\1" + bytes(64)]
)
def test_no_frontier(told: bytes) -> None:
    """Bytes of another length than the number of leaves wants are no frontier."""
    with pytest.raises(ValueError, match="no frontier"):
        Frontier.from_bytes(told)


@given(st.data(), st.integers(1, 70))
def test_inclusion(data: st.DataObject, size: int) -> None:
    """A proof of inclusion is the definition's, and proves that leaf at that place in that tree, and nothing else."""
    index = data.draw(st.integers(0, size - 1))
    proof = Tree(LEAVES).inclusion(index, size)
    assert list(proof) == path(index, LEAVES[:size])
    check_inclusion(LEAVES[index], index, size, proof, mth(LEAVES[:size]))
    wrong = data.draw(st.integers(0, 69).filter(lambda other: other != index))
    for told in (
        (LEAVES[wrong], index, size, proof, mth(LEAVES[:size])),
        (LEAVES[index], wrong, size, proof, mth(LEAVES[:size])),
        (LEAVES[index], index, size, (*proof, LEAVES[0]), mth(LEAVES[:size])),
        (LEAVES[index], index, size, proof, LEAVES[wrong]),
    ):
        with pytest.raises(ValueError, match=r"leaf|proof"):
            check_inclusion(*told)
    if proof:
        with pytest.raises(ValueError, match=r"too short|not under"):
            check_inclusion(LEAVES[index], index, size, proof[:-1], mth(LEAVES[:size]))
        changed = data.draw(st.integers(0, len(proof) - 1))
        flipped = [one if at != changed else bytes([one[0] ^ 1]) + one[1:] for at, one in enumerate(proof)]
        with pytest.raises(ValueError, match="not under"):
            check_inclusion(LEAVES[index], index, size, flipped, mth(LEAVES[:size]))


@given(st.data(), st.integers(1, 70))
def test_consistency(data: st.DataObject, size: int) -> None:
    """A proof of consistency is the definition's, and proves that the tree begins with the old one, and nothing else."""
    old = data.draw(st.integers(1, size))
    proof = Tree(LEAVES).consistency(old, size)
    assert list(proof) == subproof(old, LEAVES[:size], True)
    old_root, root = mth(LEAVES[:old]), mth(LEAVES[:size])
    check_consistency(old, old_root, size, root, proof)
    for told in (
        (old, LEAVES[69], size, root, proof),
        (old, old_root, size, LEAVES[69], proof) if old < size else (old, old_root, size - 1, root, proof),
        (old, old_root, size, root, (*proof, old_root)),
        (size + 1, root, size, root, proof),
    ):
        with pytest.raises(ValueError, match=r"tree|proof"):
            check_consistency(*told)
    if proof:
        with pytest.raises(ValueError, match=r"too short|does not begin"):
            check_consistency(old, old_root, size, root, proof[:-1])
        changed = data.draw(st.integers(0, len(proof) - 1))
        flipped = [one if at != changed else bytes([one[0] ^ 1]) + one[1:] for at, one in enumerate(proof)]
        with pytest.raises(ValueError, match="does not begin"):
            check_consistency(old, old_root, size, root, flipped)


def test_empty() -> None:
    """Every tree begins with the empty one, whose root is known."""
    assert Tree([]).root() == EMPTY_ROOT
    assert Tree(LEAVES).consistency(0) == ()
    check_consistency(0, EMPTY_ROOT, 70, mth(LEAVES), ())
    with pytest.raises(ValueError, match="different roots"):
        check_consistency(0, LEAVES[0], 70, mth(LEAVES), ())
    with pytest.raises(ValueError, match="no leaf"):
        Tree([]).inclusion(0)


@given(st.integers(-2, 2**70), st.integers(-2, 2**70), st.lists(st.sampled_from(LEAVES), max_size=80))
def test_hostile_proofs(one: int, other: int, proof: list[bytes]) -> None:
    """Any numbers and any hashes end in an answer, after no more work than the proof is long."""
    with pytest.raises(ValueError, match=r"leaf|proof|tree"):
        check_inclusion(LEAVES[0], one, other, proof, LEAVES[1])
    with pytest.raises(ValueError, match=r"leaf|proof|tree"):
        check_consistency(one, LEAVES[0], other, LEAVES[1], proof)
