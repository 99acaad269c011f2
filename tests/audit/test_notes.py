"""Signed notes and checkpoints: the notes that other programs publish, our own, and what is none."""

import base64
from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.audit.keys import Keys, new_keys
from signoff.audit.notes import (
    Checkpoint,
    KeyKind,
    add_cosignature,
    cosigner_key,
    read_checkpoint,
    read_checkpoints,
    read_count,
    read_note,
    read_public_key,
    sign_checkpoint,
    sign_note,
)

# golang.org/x/mod/sumdb/note, note_test.go: a key pair, and a note signed with it.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_NOTE = (
    PETER_TEXT + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# The Go checksum database: its key (cmd/go/internal/modfetch/key.go), and a head of it
# (transparency-dev/formats, log/checkpoint_test.go).
SUM_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUM_HEAD = (
    "go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n"
    "— sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=\n"
).encode()
# The checkpoint and cosignature in https://c2sp.org/tlog-cosignature (its keys are not published).
SOFA = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"  # formats, note/note_cosigv1_test.go


@pytest.fixture(scope="module")
def keys() -> Keys:
    return new_keys()


@pytest.fixture(scope="module")
def checkpoint(keys: Keys) -> Checkpoint:
    return sign_checkpoint(keys, 7, bytes(range(32)))


def test_notes_of_other_programs() -> None:
    """What Go's programs signed is read, to the byte, and its signatures are right."""
    for key, data in ((PETER, PETER_NOTE), (SUM_KEY, SUM_HEAD)):
        note = read_note(data)
        note.check(read_public_key(key))
        assert note.to_bytes() == data
        assert str(read_public_key(key)) == key
        with pytest.raises(ValueError, match="not of this text"):
            read_note(data.replace(b"e", b"E", 1)).check(read_public_key(key))


def test_our_signatures_are_those_of_other_programs() -> None:
    """With the same key the same text has the same signature as Go's program gave it."""
    keys = Keys(origin="PeterNeumann", store=bytes(32), seed=PETER_SEED, signer_id="c74f20a3")
    assert keys.public == PETER
    assert sign_note(PETER_TEXT, keys).to_bytes() == PETER_NOTE


def test_checkpoints_of_other_programs() -> None:
    """The origin, size and root of published checkpoints are read, and who signed them, when."""
    head = read_checkpoint(SUM_HEAD)
    assert (head.origin, head.size, head.root[:2].hex()) == ("go.sum database tree", 6476701, "99bf")
    sofa = read_checkpoint(SOFA)
    assert (sofa.size, [one.name for one in sofa.note.signatures]) == (
        20852163,
        ["example.com/behind-the-sofa", "witness.example.com/w1"],
    )
    assert int.from_bytes(sofa.note.signatures[1].data[:8]) == 1679315147  # the time that the page tells
    assert sofa.to_bytes() == SOFA
    assert read_public_key(REMORA).kind is KeyKind.COSIGNATURE


@pytest.mark.parametrize(
    "text",
    [
        PETER[:-4],
        PETER[1:],
        PETER.upper(),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER + "\n",
        PETER.replace("+ARpc", "+ZRpc"),
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "",
        "a+b",
        "two words+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_no_key(text: str) -> None:
    """A key that is cut, misspelt, or of another kind is refused (most as in Go's own test)."""
    with pytest.raises(ValueError, match=r"key|misspelt|base 64"):
        read_public_key(text)


LINE = PETER_NOTE.decode().splitlines()[-1] + "\n"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "an empty line"),
        (PETER_TEXT.encode(), "an empty line"),
        (PETER_NOTE[:-1], "an empty line"),
        (PETER_NOTE + b"\n", "an empty line"),
        (PETER_NOTE + b"more", "an empty line"),
        (PETER_NOTE.replace("—".encode(), b"-"), "is no signature"),
        (PETER_NOTE.replace(b"\n", b"\r\n"), "control"),
        (PETER_NOTE.replace(b"you", b"y\0u"), "control"),
        (PETER_NOTE.replace(b"you", b"y\xffu"), "UTF-8"),
        (PETER_NOTE.replace(b"AM=\n", b"AN=\n"), "as it is written"),
        (PETER_NOTE.replace(b"AM=\n", b"AM\n"), "not base 64"),
        (PETER_NOTE.replace(b"x08go", b"x08 go"), "not base 64"),
        (PETER_NOTE + LINE.encode(), "twice"),
        (PETER_NOTE + "— PeterNeumann x08g\n".encode(), "is no signature"),
        (PETER_NOTE + "— Peter+Neumann x08goAAA\n".encode(), "no name"),
        (PETER_NOTE + "— Peter\u2003Neumann x08goAAA\n".encode(), "no name"),
        (PETER_NOTE + "".join(f"— n{number} x08goAAA\n" for number in range(64)).encode(), "at most 64"),
        (b"x" * 70_000, "at most 65536"),
    ],
)
def test_no_note(data: bytes, told: str) -> None:
    """Whatever is not a note to the byte is refused, and why."""
    with pytest.raises(ValueError, match=told):
        read_note(data)


def test_unknown_signatures_say_nothing(checkpoint: Checkpoint, keys: Keys) -> None:
    """Signatures of unknown keys are ignored, also under a known name or id; without a known one the note is refused."""
    key, other = read_public_key(keys.public), read_public_key(PETER)
    data = checkpoint.to_bytes()
    for line in (LINE, LINE.replace("PeterNeumann", keys.origin)):
        read_note(data + line.encode()).check(key)
    with pytest.raises(ValueError, match="not signed by PeterNeumann"):
        read_note(data).check(other)
    with pytest.raises(ValueError, match="not of this text"):
        read_note(data + LINE.encode()).check(other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n7\n", "\n07\n"),
        ("\n7\n", "\n+7\n"),
        ("\n7\n", "\n-7\n"),
        ("\n7\n", "\n7.0\n"),
        ("\n7\n", "\n٧\n"),
        ("\n7\n", "\n99999999999999999\n"),
        ("\n7\n", "\n7 \n"),
        ("\n7\n", "\n\n"),
        ("\n7\n", "\n"),
        ("AAEC", "AAE"),
        ("AAEC", "AAECAAAA"),
    ],
)
def test_no_checkpoint(checkpoint: Checkpoint, old: str, new: str) -> None:
    """A size or root that is written in any other way than one is refused."""
    with pytest.raises(ValueError, match=r"number|checkpoint|hash|base 64"):
        read_checkpoint(checkpoint.to_bytes().decode().replace(old, new, 1).encode())


@given(st.integers(0, 2**53 - 1))
def test_numbers(number: int) -> None:
    """Every number is read back; with a zero before it, or beyond what we write, it is refused."""
    assert read_count(str(number)) == number
    for text in (f"0{number}", f"{number + 2**53}", f" {number}", f"{number}_0"):
        with pytest.raises(ValueError, match="no number"):
            read_count(text)


def test_a_file_of_checkpoints(keys: Keys) -> None:
    """Checkpoints that were added to a file one after another are read in order; a torn end is refused."""
    all_ = [sign_checkpoint(keys, size, bytes([size]) * 32) for size in range(3)]
    data = b"\n".join(one.to_bytes() for one in all_)
    assert read_checkpoints(data) == tuple(all_)
    for cut in range(len(b"\n".join(one.to_bytes() for one in all_[:2])) + 1, len(data)):
        with pytest.raises(ValueError, match=r"note|number|hash|base 64|signature|UTF-8|checkpoint"):
            read_checkpoints(data[:cut])


def test_a_cosignature(checkpoint: Checkpoint, keys: Keys) -> None:
    """A witness signs the time and the checkpoint; its newest signature takes the place of its older one."""
    witness = new_keys("witness.example")
    seen = add_cosignature(add_cosignature(checkpoint, witness, 5), witness, 1679315147)
    read = read_checkpoint(seen.to_bytes())
    assert [one.name for one in read.note.signatures] == [keys.origin, "witness.example"]
    read.note.check(read_public_key(keys.public))
    read.note.check(cosigner_key(witness))
    with pytest.raises(ValueError, match="not signed by witness"):
        read.note.check(read_public_key(witness.public))
    for place in range(4, 76):  # behind the key's id: the time and the signature
        with pytest.raises(ValueError, match=r"cosignature|not of this text"):
            read_checkpoint(_flipped(seen, place)).note.check(cosigner_key(witness))


def _flipped(seen: Checkpoint, place: int) -> bytes:
    """The bytes of *seen* with one bit of its last signature turned."""
    *lines, last = seen.to_bytes().decode().splitlines()
    start, _, encoded = last.rpartition(" ")
    data = bytearray(base64.b64decode(encoded))
    data[place] ^= 0x80
    return "\n".join([*lines, f"{start} {base64.b64encode(data).decode()}", ""]).encode()


@given(st.lists(st.sampled_from([*PETER_NOTE.decode().splitlines(keepends=True), *SUM_HEAD.decode().splitlines(True), "\n"])))
def test_any_lines(lines: Iterable[str]) -> None:
    """Any lines are a note that is written as it was read, or are refused."""
    data = "".join(lines).encode()
    with suppress(ValueError):
        assert read_note(data).to_bytes() == data
