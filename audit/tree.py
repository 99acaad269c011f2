"""The Merkle tree over the log's leaves, as RFC 6962, section 2.1, defines it: its root, proofs, and how they are checked.

A root of the tree stands for every Entry up to it. A proof of inclusion shows that a leaf stands under a root; a proof of
consistency, that a root's log begins with all of an older one's. Both are checked as RFC 9162, section 2.1, says.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

SIZE = 32  # bytes of a hash
EMPTY_ROOT = hashlib.sha256().digest()
_BEGINNING = 8  # bytes in which a frontier tells how many leaves it stands for


@dataclass(frozen=True, slots=True)
class Frontier:
    """What has to be kept of a tree to go on with it: the roots of its perfect subtrees, the largest first."""

    size: int = 0  # leaves
    hashes: tuple[bytes, ...] = ()  # one for each 1 among the binary digits of size

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier with one more *leaf* (a leaf's hash)."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """The frontier with more *leaves*: one hash for each, amortised."""
        sha256, hashes, size = hashlib.sha256, list(self.hashes), self.size
        for leaf in leaves:
            carried, joined = size, leaf
            while carried & 1:  # as in counting: two perfect subtrees of one size are one of the next
                joined = sha256(b"\1" + hashes.pop() + joined).digest()
                carried >>= 1
            hashes.append(joined)
            size += 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        """The root of the tree: as many hashes as there are perfect subtrees, less one."""
        if not self.hashes:
            return EMPTY_ROOT
        *larger, root = self.hashes
        for left in reversed(larger):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """The frontier in 8 bytes and 32 for each perfect subtree."""
        return self.size.to_bytes(_BEGINNING, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, told: bytes) -> "Frontier":
        """The frontier that `to_bytes` wrote. Raises ValueError where *told* is none."""
        size = int.from_bytes(told[:_BEGINNING], "big")
        if len(told) != _BEGINNING + SIZE * size.bit_count():
            raise ValueError(f"{len(told)} bytes are no frontier")
        return cls(size, tuple(told[at : at + SIZE] for at in range(_BEGINNING, len(told), SIZE)))


class Tree:
    """A whole tree, from which proofs are made. It holds two hashes for each leaf."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        """Hash the tree over *leaves* (their hashes): every perfect subtree of it, once."""
        self._levels: list[Sequence[bytes]] = [list(leaves)]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            self._levels.append([node_hash(left, right) for left, right in zip(below[::2], below[1::2], strict=False)])

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0])

    @property
    def leaves(self) -> Sequence[bytes]:
        """The leaves' hashes."""
        return self._levels[0]

    def root(self, size: int | None = None) -> bytes:
        """The root of the tree, or of its first *size* leaves."""
        return self._root(0, self._bounded(self.size if size is None else size))

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """What proves that the leaf at *index* (from 0) is under the root of the first *size* leaves."""
        end = self._bounded(self.size if size is None else size)
        if not 0 <= index < end:
            raise ValueError(f"there is no leaf {index} among {end}")
        start, proof = 0, list[bytes]()
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start = middle
        return tuple(reversed(proof))

    def consistency(self, old: int, size: int | None = None) -> tuple[bytes, ...]:
        """What proves that the tree of the first *size* leaves begins with all of the tree of the first *old* ones."""
        end = self._bounded(self.size if size is None else size)
        if not 0 <= old <= end:
            raise ValueError(f"a tree of {end} leaves does not begin with one of {old}")
        if old in (0, end):
            return ()
        start, proof = 0, list[bytes]()
        while old < end:
            middle = start + _split(end - start)
            if old <= middle:
                proof.append(self._root(middle, end))
                end = middle
            else:
                proof.append(self._root(start, middle))
                start = middle
        own = () if start == 0 else (self._root(start, end),)  # the old tree itself is known to whoever checks
        return (*own, *reversed(proof))

    def _bounded(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise ValueError(f"the tree has {self.size} leaves, not {size}")
        return size

    def _root(self, start: int, end: int) -> bytes:
        """The root over leaves from *start* to *end*, where *start* is a subtree's first leaf."""
        roots, at = list[bytes](), start
        while at < end:
            level = (end - at).bit_length() - 1
            roots.append(self._levels[level][at >> level])
            at += 1 << level
        return Frontier(end - start, tuple(roots)).root()


def roots_at(leaves: Iterable[bytes], sizes: Iterable[int]) -> tuple[Frontier, dict[int, bytes]]:
    """The frontier of all *leaves*, and the roots that the tree had at these *sizes*; none of a size that it did not reach."""
    rest, grown, roots = iter(leaves), Frontier(), dict[int, bytes]()
    for size in sorted(set(sizes)):
        grown = grown.extend(islice(rest, size - grown.size))
        if grown.size == size:
            roots[size] = grown.root()
    return grown.extend(rest), roots


def _split(size: int) -> int:
    """Where a tree of *size* leaves is divided: the largest power of two below it."""
    return 1 << (size - 1).bit_length() - 1


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of what joins two subtrees: SHA-256 of a byte of 1 and both."""
    return hashlib.sha256(b"\1" + left + right).digest()


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that *leaf* is leaf *index* (from 0) of the tree of *size* leaves with that *root*. Raises ValueError.

    RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    at, last, found = index, size - 1, leaf
    for other in proof:
        if last == 0:
            raise ValueError("the proof of inclusion is too long")
        if at & 1 or at == last:
            found = node_hash(other, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, other)
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("the proof of inclusion is too short")
    if found != root:
        raise ValueError(f"leaf {index} is not under the root: another leaf, proof or root is told")


def check_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of *size* leaves begins with all of the tree of *old* ones. Raises ValueError.

    RFC 9162, section 2.1.4.2; every tree begins with the empty one.
    """
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} leaves does not begin with one of {old}")
    if old == size or old == 0:
        if proof:
            raise ValueError("the proof of consistency is too long")
        if old_root != (root if old else EMPTY_ROOT):
            raise ValueError(f"two trees of {old} leaves have different roots")
        return
    path = ([] if old.bit_count() > 1 else [old_root]) + list(proof)  # a perfect old tree is a subtree of the new one
    if not path:
        raise ValueError("the proof of consistency is too short")
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for other in path[1:]:
        if last == 0:
            raise ValueError("the proof of consistency is too long")
        if at & 1 or at == last:
            first, second = node_hash(other, first), node_hash(other, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, other)
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("the proof of consistency is too short")
    if first != old_root or second != root:
        raise ValueError(f"the tree of {size} leaves does not begin with the tree of {old}")
