"""The key file: made once, read only by its owner, and refused where anything about it is wrong."""

import base64
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from signoff.audit.keys import new_keys, note_key_id, read_keys, write_keys
from signoff.errors import KeyFileError


def test_keys_are_read_as_they_were_written(tmp_path: Path) -> None:
    """What is read is what was written, in a file that only its owner can read."""
    keys = new_keys()
    write_keys(tmp_path / "key", keys)
    assert read_keys(tmp_path / "key") == (keys,)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_two_pairs_are_kept_while_keys_change(tmp_path: Path) -> None:
    """A file holds the old keys beside the new ones until the database tells of the new ones."""
    old = new_keys()
    new = new_keys(old.origin)
    write_keys(tmp_path / "key", old)
    write_keys(tmp_path / "key", new, old, replace=True)
    assert read_keys(tmp_path / "key") == (new, old)
    assert [one.name for one in tmp_path.iterdir()] == ["key"]


def test_a_key_file_is_never_written_over(tmp_path: Path) -> None:
    """The keys of another database are not lost by mistake."""
    write_keys(tmp_path / "key", new_keys())
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(KeyFileError, match="file exists"):
        write_keys(tmp_path / "key", new_keys())
    assert (tmp_path / "key").read_bytes() == before


def test_the_public_key_verifies_what_was_signed() -> None:
    """An Ed25519 implementation finds the key in the text of the public one, and the signature right."""
    keys = new_keys()
    name, id_, data = keys.public.split("+", 2)
    public = base64.b64decode(data)
    assert (name, id_, public[:1]) == (keys.origin, note_key_id(keys.origin, public[1:]), b"\x01")
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(keys.sign(b"text"), b"text")
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public[1:]).verify(keys.sign(b"text"), b"test")


def test_the_key_id_is_the_one_of_the_specification() -> None:
    """The example key of golang.org/x/mod/sumdb/note has the id that its text tells."""
    name, id_, data = ["PeterNeumann", "c74f20a3", "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"]
    assert note_key_id(name, base64.b64decode(data)[1:]) == id_


def test_what_is_authenticated_cannot_be_divided_otherwise() -> None:
    """Parts that join to the same bytes, and other purposes, have another code."""
    keys = new_keys()
    assert len({keys.mac(b"a", b"bc"), keys.mac(b"a", b"b", b"c"), keys.mac(b"ab", b"c"), keys.mac(b"abc")}) == 4


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    """A key that others can read or write is none."""
    write_keys(tmp_path / "key", new_keys())
    (tmp_path / "key").chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_keys(tmp_path / "key")


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a cut one, an edited one, one of two logs and one that is no text are told apart from a key file."""
    path = tmp_path / "key"
    one, other = new_keys(), new_keys()
    write_keys(path, one)
    write_keys(tmp_path / "other", other)
    whole, strange = path.read_text().splitlines(), (tmp_path / "other").read_text().splitlines()
    hostile = {
        "nothing": b"",
        "no keys": whole[0].encode(),
        "half": "\n".join(whole[:2]).encode(),
        "of two logs": "\n".join([whole[1], strange[2]]).encode(),
        "the other way round": "\n".join([whole[2], whole[1]]).encode(),
        "short": whole[1].encode()[:-9] + b"\n" + whole[2].encode(),
        "another id": "\n".join(whole).replace(one.store_id, other.store_id).encode(),
        "no text": b"\xff\xfe",
    }
    for name, data in hostile.items():
        path.write_bytes(data)
        with pytest.raises(KeyFileError):
            pytest.fail(f"{name} was read as {read_keys(path)}")
    path.unlink()
    with pytest.raises(KeyFileError, match="put it back"):
        read_keys(path)
    with pytest.raises(KeyFileError):
        read_keys(tmp_path)
