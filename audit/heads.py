"""The tree over where all chains end.

Its root changes with every Entry, and vouches for every chain: one that was put back to an earlier end, however genuine
each of its Entries is, does not stand in it any more. A change costs one node for each level.
"""

import hashlib
from collections.abc import Mapping

from signoff.canonical import canonical

from .database import Database

WIDTH = 32  # of a node: 33 million chains take 5 levels
_SIZE = hashlib.sha256().digest_size
_AT_MOST = 256  # nodes that are remembered
EMPTY = bytes(_SIZE)  # the root over no chain


def head_leaf(chain: str, length: int, head: bytes) -> bytes:
    """What stands in the tree for a *chain* of so many Entries, the last of which has the hash *head*."""
    return hashlib.sha256(b"\x02" + canonical([chain, length, head.hex()])).digest()


def put_heads(database: Database, leaves: Mapping[int, bytes], chains: int) -> bytes:
    """Put *leaves* at their places of a tree over so many *chains*, and return its root. New chains stand after all others.

    Each node on their ways to the root is read, hashed and written once.
    """
    hashes = leaves
    for level in range(_levels(chains)):
        nodes: dict[int, bytearray] = {}
        for place, hash_ in sorted(hashes.items()):
            at, slot = divmod(place, WIDTH)
            if at not in nodes:
                nodes[at] = bytearray(_known_node(database, level, at))
                if not nodes[at] and slot:  # the first node of a level that the tree did not have
                    nodes[at] += _hash(_known_node(database, level - 1, 0))
            nodes[at][slot * _SIZE : (slot + 1) * _SIZE] = hash_
        hashes = {}
        for at, node in nodes.items():
            database.execute(
                "INSERT INTO heads (level, place, hashes) VALUES (?, ?, ?)"
                " ON CONFLICT (level, place) DO UPDATE SET hashes = excluded.hashes",
                (level, at, bytes(node)),
            )
            database.remembered.nodes[level, at] = bytes(node)
            hashes[at] = _hash(bytes(node))
    return hashes[0]


def has_head(database: Database, place: int, leaf: bytes, chains: int, root: bytes) -> bool:
    """Whether *leaf* stands at *place* of the tree over so many *chains* that has this *root*."""
    hash_ = leaf
    for level in range(_levels(chains)):
        place, slot = divmod(place, WIDTH)
        node = _node(database, level, place)
        if node[slot * _SIZE : (slot + 1) * _SIZE] != hash_:
            return False
        hash_ = _hash(node)
    return place == 0 and hash_ == root


def root_over(leaves: list[bytes]) -> bytes:
    """The root of the tree over all of these, made anew."""
    level = leaves
    while len(level) > 1 or level is leaves:
        if not level:
            return EMPTY
        level = [_hash(b"".join(level[at : at + WIDTH])) for at in range(0, len(level), WIDTH)]
    return level[0]


def _levels(chains: int) -> int:
    levels, room = 1, WIDTH
    while room < chains:
        levels, room = levels + 1, room * WIDTH
    return levels


def _node(database: Database, level: int, place: int) -> bytes:
    rows = database.execute("SELECT hashes FROM heads WHERE level = ? AND place = ?", (level, place))
    return bytes(rows[0][0]) if rows else b""


def _known_node(database: Database, level: int, place: int) -> bytes:
    """The node as it was written or read here before, where nobody else has written since."""
    nodes = database.remembered.nodes
    if len(nodes) > _AT_MOST:
        nodes.clear()
    if (level, place) not in nodes:
        nodes[level, place] = _node(database, level, place)
    return nodes[level, place]


def _hash(node: bytes) -> bytes:
    return hashlib.sha256(b"\x03" + node).digest()
