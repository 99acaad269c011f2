"""Which key signs a log since when: what both keys signed is followed, and nothing else."""

import pytest

from signoff.audit.keys import Keys, new_keys
from signoff.audit.notes import Note, PublicKey, read_public_key, sign_checkpoint, sign_note
from signoff.audit.rotation import Rotation, history, read_rotation, write_rotation

FIRST, SECOND, THIRD, STRANGER = (new_keys("log.example") for _ in range(4))


def public(keys: Keys) -> PublicKey:
    return read_public_key(keys.public)


def rotation(number: int, old: Keys, new: Keys) -> Rotation:
    return read_rotation(number, write_rotation(old, new))


TOLD = [rotation(5, FIRST, SECOND), rotation(9, SECOND, THIRD)]


@pytest.mark.parametrize("trusted", [FIRST, SECOND, THIRD], ids=["first", "second", "third"])
@pytest.mark.parametrize(("size", "signer"), [(0, FIRST), (4, FIRST), (5, SECOND), (8, SECOND), (9, THIRD), (100, THIRD)])
def test_every_size_has_its_key(trusted: Keys, size: int, signer: Keys) -> None:
    """Whichever key is known, the head at a size is believed of the key that was in force then, and of no other."""
    known = history(public(trusted), TOLD)
    known.check(sign_checkpoint(signer, size, bytes(32)))
    for other in {FIRST, SECOND, THIRD, STRANGER} - {signer}:
        with pytest.raises(ValueError, match="not signed by"):
            known.check(sign_checkpoint(other, size, bytes(32)))


def test_a_log_whose_keys_never_changed() -> None:
    """There is the one key, at every size."""
    assert history(public(FIRST), []).at(10**9) == public(FIRST)


def test_another_log() -> None:
    """A head of another log is none of this one, whoever signed it."""
    other = Keys(origin="other.example", store=FIRST.store, seed=FIRST.seed, signer_id=FIRST.signer_id)
    with pytest.raises(ValueError, match=r'it is of the log "other\.example"'):
        history(public(FIRST), []).check(sign_checkpoint(other, 3, bytes(32)))


def test_keys_that_do_not_follow() -> None:
    """A step that begins with another key than the last one ended with, and a key that nobody introduced, are refused."""
    with pytest.raises(ValueError, match="the key that entry 9 replaces"):
        history(public(FIRST), [rotation(5, FIRST, SECOND), rotation(9, FIRST, THIRD)])
    with pytest.raises(ValueError, match="and not"):
        history(public(STRANGER), TOLD)


@pytest.mark.parametrize(
    "statement",
    [
        sign_note(f"signoff-rotation@v1\nlog.example\n{FIRST.public}\n{STRANGER.public}\n", STRANGER),
        sign_note(f"signoff-rotation@v1\nlog.example\n{FIRST.public}\n{STRANGER.public}\n", FIRST),
        sign_note(f"signoff-rotation@v1\nother.example\n{FIRST.public}\n{STRANGER.public}\n", FIRST, STRANGER),
        sign_note(f"signoff-rotation@v1\nlog.example\n{STRANGER.public}\n{FIRST.public}\n", FIRST, STRANGER),
        sign_note(f"signoff-rotation@v2\nlog.example\n{FIRST.public}\n{STRANGER.public}\n", FIRST, STRANGER),
        sign_note(f"signoff-rotation@v1\nlog.example\n{FIRST.public}\n{STRANGER.public}\nmore\n", FIRST, STRANGER),
        sign_checkpoint(FIRST, 5, bytes(32)).note,
    ],
    ids=[
        "the new key alone",
        "the old key alone",
        "another log",
        "the other way",
        "another version",
        "more lines",
        "a checkpoint",
    ],
)
def test_what_not_both_keys_signed(statement: Note) -> None:
    """A statement that is not signed by both keys, is of another log, or is something else, introduces no key."""
    text = statement.to_bytes().decode()
    with pytest.raises(ValueError, match=r"statement|not signed by"):
        read_rotation(5, {"public_key": STRANGER.public, "store_key": STRANGER.store_id, "statement": text})


def test_what_an_entry_lacks() -> None:
    """An Entry that tells another key than its statement, or no statement, introduces none."""
    data = write_rotation(FIRST, SECOND)
    for altered in (data | {"public_key": THIRD.public}, data | {"statement": None}, {}):
        with pytest.raises(ValueError, match=r"statement|note"):
            read_rotation(5, altered)
