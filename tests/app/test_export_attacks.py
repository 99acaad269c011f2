"""Every way to alter an export, its manifest put right: this program finds it, and so does one that shares no code with it."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import Engine
from signoff.actions import bank_registry
from signoff.audit import Audited, Keys, Store, new_keys, read_kept, read_public_key, sign_head, verify_export, write_export
from signoff.audit.notes import sign_checkpoint
from signoff.audit.offline import MAX_PROBLEMS
from signoff.testing import CountingIds, FakeClock
from tests.app.auditor import Wrong, audit_export, leaf_hash, tree_hash
from tests.app.banking import MIRA, deposit, only_approval, submit, transfer
from tests.app.banking import sign as approve
from tests.conftest import rules


@dataclass(frozen=True, kw_only=True)
class Original:
    """An export, what a cautious auditor kept, and the keys with which it was made."""

    folder: Path
    kept: Path  # an earlier checkpoint
    keys: Keys

    def audited(self, folder: Path, *, kept: bool = True) -> Audited:
        """What this program finds in *folder*."""
        return verify_export(folder, read_public_key(self.keys.public), read_kept(self.kept) if kept else [])


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """The export of a log with three plans."""
    place, keys, registry = tmp_path_factory.mktemp("original"), new_keys(), bank_registry()
    with Store.open(place / "db", migrations=registry.migrations, clock=FakeClock(), ids=CountingIds()) as store:
        engine = Engine(store, rules(), registry)
        submit(engine, deposit("5.00"), transfer("20.00"))
        waiting = submit(engine, transfer("150.00"))
        with store.read() as tx:
            (place / "kept").write_bytes(sign_head(tx, keys, []).to_bytes())
        approve(engine, only_approval(engine, waiting), MIRA)
        engine.resume(MIRA, waiting.id)
        submit(engine, transfer("30.00"), request="thirty dollars to Alice")
        with store.read() as tx:
            write_export(place / "out", tx, keys, read_kept(place / "kept"), table=True)
    made = Original(folder=place / "out", kept=place / "kept", keys=keys)
    assert made.audited(made.folder).problems == ()
    return made


@pytest.fixture
def folder(original: Original, tmp_path: Path) -> Path:
    """A copy of the export, to be altered."""
    return Path(shutil.copytree(original.folder, tmp_path / "out"))


def bodies_in(folder: Path) -> list[bytes]:
    return (folder / "entries.jsonl").read_bytes().split(b"\n")[:-1]


def write(folder: Path, name: str, data: bytes) -> None:
    """Put a file into the export, and its hash into the manifest, as somebody would who alters it with care."""
    (folder / name).write_bytes(data)
    mend(folder)


def mend(folder: Path, **changes: object) -> None:
    """Let the manifest name the files as they are now."""
    told = json.loads((folder / "manifest.json").read_bytes()) | changes
    names = [
        str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "manifest.json"
    ]
    files = {name: (folder / name).read_bytes() for name in names}
    told["files"] = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    (folder / "manifest.json").write_bytes(dense(told) + b"\n")


def dense(told: object) -> bytes:
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def put(folder: Path, bodies: list[bytes]) -> None:
    """Let the export hold these entries, the table for spreadsheets left out, as it may be."""
    (folder / "entries.csv").unlink(missing_ok=True)
    (folder / "entries.jsonl").write_bytes(b"".join(body + b"\n" for body in bodies))
    mend(folder, entries=len(bodies))


def chained(told: list[Any]) -> list[bytes]:
    """Entries with their numbers, places and hashes made anew, so that each follows the one before it."""
    heads: dict[str, tuple[int, str]] = {}
    bodies = []
    for number, entry in enumerate(told, 1):
        place, previous = heads.get(entry["chain"], (0, "0" * 64))
        bodies.append(dense(entry | {"number": number, "place": place + 1, "previous": previous}))
        heads[entry["chain"]] = (place + 1, hashlib.sha256(bodies[-1]).hexdigest())
    return bodies


def rewritten(folder: Path, change: Callable[[list[Any]], list[Any]]) -> None:
    """Change entries, and make everything anew that follows from them."""
    put(folder, chained(change([json.loads(body) for body in bodies_in(folder)])))


def signed(folder: Path, keys: Keys) -> None:
    """Sign the entries in the export as they are now."""
    bodies = bodies_in(folder)
    head = sign_checkpoint(keys, len(bodies), tree_hash([leaf_hash(body) for body in bodies]))
    (folder / "checkpoint").write_bytes(head.to_bytes())
    mend(folder, public_key=keys.public, origin=keys.origin, entries=len(bodies))


def less(told: list[Any]) -> list[Any]:
    """As if 15 dollars had been transferred, and not 150."""
    return [json.loads(dense(entry).replace(b"150.00", b"15.00")) for entry in told]


def swapped(told: list[Any]) -> list[Any]:
    """With the names of two plans exchanged."""
    first, second = sorted({entry["chain"] for entry in told} - {"system"})[:2]
    names = {first: second, second: first}
    return [entry | {"chain": names.get(entry["chain"], entry["chain"])} for entry in told]


def line(number: int, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """An attack that alters one line of the entries."""

    def attack(folder: Path) -> None:
        bodies = bodies_in(folder)
        altered = change(bodies[number])
        assert altered != bodies[number]
        put(folder, [*bodies[:number], altered, *(bodies[number + 1 :] if number != -1 else [])])

    return attack


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    """An attack on the lines of the entries."""
    return lambda folder: put(folder, change(bodies_in(folder)))


ATTACKS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a letter in the last entry": (
        line(-1, lambda body: body.replace(b'"how":"claimed"', b'"how":"clAimed"')),
        "not those of the",
    ),
    "a letter in the middle": (line(3, lambda body: body.replace(b"2026", b"2025")), "was edited, removed or reordered"),
    "an entry removed": (lines(lambda told: told[:4] + told[5:]), "is missing or was moved"),
    "the first entry removed": (lines(lambda told: told[1:]), "entry 1 is missing"),
    "the last entry removed": (lines(lambda told: told[:-1]), "the checkpoint stands for"),
    "all entries removed": (lines(lambda told: []), "its newest were removed"),
    "an entry twice": (lines(lambda told: [*told, told[-1]]), "is missing or was moved"),
    "two entries exchanged": (lines(lambda told: [*told[:4], told[5], told[4], *told[6:]]), "is missing or was moved"),
    "removed, and made anew": (lambda folder: rewritten(folder, lambda told: told[:3] + told[4:]), "the checkpoint stands for"),
    "the end cut, and made anew": (lambda folder: rewritten(folder, lambda told: told[:-3]), "the checkpoint stands for"),
    "edited, and made anew": (lambda folder: rewritten(folder, less), "not those of the checkpoint"),
    "two plans exchanged, and made anew": (lambda folder: rewritten(folder, swapped), "not those of the checkpoint"),
    "one more, made anew": (lambda folder: rewritten(folder, lambda told: [*told, told[-1]]), "the checkpoint stands for"),
    "a key twice": (line(5, lambda body: body.replace(b'{"action":', b'{"action":7,"action":', 1)), "no entry as it was written"),
    "a number as 1.0": (line(1, lambda body: body.replace(b'"place":1,', b'"place":1.0,')), "no entry as it was written"),
    "a number as text": (line(1, lambda body: body.replace(b'"place":1,', b'"place":"1",')), "are no numbers"),
    "a number as true": (line(0, lambda body: body.replace(b'"place":1,', b'"place":true,')), "are no numbers"),
    "an escaped letter": (line(2, lambda body: body.replace(b'"dana"', b'"\\u0064ana"')), "no entry as it was written"),
    "a space": (line(2, lambda body: body.replace(b'","', b'", "', 1)), "no entry as it was written"),
    "a space at the end": (line(2, lambda body: body + b" "), "no entry as it was written"),
    "a carriage return": (line(2, lambda body: body + b"\r"), "no entry as it was written"),
    "no UTF-8": (line(2, lambda body: body.replace(b"dana", b"d\xe4na")), "no entry as it was written"),
    "an empty line": (lines(lambda told: [*told, b""]), "no entry as it was written"),
    "an entry that is a list": (lines(lambda told: [*told, b"[]"]), "no entry as it was written"),
    "an entry that holds nothing": (lines(lambda told: [*told, b"{}"]), "no entry as it was written"),
    "deep nesting": (lines(lambda told: [*told, b"[" * 100_000]), "no entry as it was written"),
    "a huge line": (lines(lambda told: [*told, b"x" * 17_000_000]), "is longer than"),
    "bytes behind the end": (
        lambda folder: write(folder, "entries.jsonl", (folder / "entries.jsonl").read_bytes() + b"x"),
        "was cut off",
    ),
    "another action": (
        lambda folder: write(folder, "actions.jsonl", (folder / "actions.jsonl").read_bytes().replace(b"150.00", b"15.00")),
        "an action that no entry names",
    ),
    "one action more": (
        lambda folder: write(folder, "actions.jsonl", (folder / "actions.jsonl").read_bytes() + b'{"type":"transfer"}\n'),
        "an action that no entry names",
    ),
    "another policy": (
        lambda folder: write(folder, f"policies/{next((folder / 'policies').iterdir()).name}", b"version: 1\n"),
        "not a policies file that an entry names",
    ),
    "a policy more": (
        lambda folder: write(folder, f"policies/{hashlib.sha256(b'x').hexdigest()}", b"x"),
        "not a policies file that an entry names",
    ),
    "another size in the checkpoint": (
        lambda folder: write(folder, "checkpoint", (folder / "checkpoint").read_bytes().replace(b"\n", b"\n1", 1)),
        "the checkpoint is not to be believed",
    ),
    "no signature": (
        lambda folder: write(folder, "checkpoint", (folder / "checkpoint").read_bytes().split(b"\n\n")[0] + b"\n"),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("what", ATTACKS)
def test_an_altered_export_does_not_verify(what: str, original: Original, folder: Path) -> None:
    """Each is found and told, by this program and by the other."""
    attack, told = ATTACKS[what]
    attack(folder)
    found = original.audited(folder)
    assert told in "\n".join(found.problems)
    with pytest.raises((Exception,)):  # whatever the other program stops with
        audit_export(folder, original.keys.public)


@pytest.mark.parametrize("name", ["entries.jsonl", "entries.csv", "checkpoint", "actions.jsonl", "manifest.json"])
@given(data=st.data())
def test_any_bit(name: str, original: Original, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """One bit of any file, wherever it is, is found."""
    folder = Path(shutil.copytree(original.folder, tmp_path_factory.mktemp("bit") / "out"))
    before = bytearray((folder / name).read_bytes())
    before[data.draw(st.integers(0, len(before) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (folder / name).write_bytes(before)
    assert original.audited(folder).problems
    shutil.rmtree(folder)


def test_a_table_that_tells_otherwise(original: Original, folder: Path) -> None:
    """The table for spreadsheets is compared with the entries, cell by cell, and its end, too."""
    table = (folder / "entries.csv").read_bytes()
    for altered in (table.replace(b"150.00", b"15.00"), table + b'"1"\r\n', table[:-1], table.replace(b"dana", b"dora", 1)):
        write(folder, "entries.csv", altered)
        assert [one for one in original.audited(folder).problems if one.startswith("entries.csv")]


def test_a_log_signed_by_another_key(original: Original, folder: Path) -> None:
    """A log that was rewritten and signed by somebody else, also under the log's name, is not this log."""
    rewritten(folder, less)
    for keys in (new_keys(), new_keys(original.keys.origin)):
        signed(folder, keys)
        assert any("not to be believed" in one for one in original.audited(folder).problems)
        with pytest.raises(Exception, match=r"not signed by|another log"):
            audit_export(folder, original.keys.public)


@pytest.mark.parametrize(
    ("change", "told"), [(less, "the log was rewritten"), (lambda told: told[:5], "newest were removed")], ids=["edited", "cut"]
)
def test_a_log_rewritten_by_whoever_has_its_key(
    original: Original, folder: Path, change: Callable[[list[Any]], list[Any]], told: str
) -> None:
    """It verifies by itself, which is told; with an earlier checkpoint that somebody kept the fork is found."""
    rewritten(folder, change)
    signed(folder, original.keys)
    alone = original.audited(folder, kept=False)
    assert [one for one in alone.problems if "actions.jsonl" not in one] == []
    assert "rewritten by somebody who has its key" in " ".join(alone.blind_spots)
    assert told in " ".join(original.audited(folder).problems)
    with pytest.raises(Wrong, match="not the entries of the checkpoint"):
        audit_export(folder, original.keys.public, [original.kept.read_bytes()])


def test_a_place_that_is_left_out(original: Original, folder: Path) -> None:
    """Entries whose places have a gap are told, also where whoever has the key signed them."""
    told = [json.loads(body) for body in bodies_in(folder)]
    bodies, heads = [], dict[str, str]()
    for entry in told:
        entry |= {"place": entry["place"] + 1, "previous": heads.get(entry["chain"], "0" * 64)}
        bodies.append(dense(entry))
        heads[entry["chain"]] = hashlib.sha256(bodies[-1]).hexdigest()
    put(folder, bodies)
    signed(folder, original.keys)
    assert any("1 was to come" in one for one in original.audited(folder, kept=False).problems)


def test_a_head_of_before_is_no_proof_of_more(original: Original, folder: Path) -> None:
    """With an old checkpoint in it the newer entries are vouched for by nobody."""
    write(folder, "checkpoint", original.kept.read_bytes())
    assert any("the checkpoint stands for" in one for one in original.audited(folder).problems)


def link(folder: Path, name: str) -> None:
    """Put a link in a file's place, to the very same bytes."""
    (folder / name).rename(folder.parent / "elsewhere")
    (folder / name).symlink_to(folder.parent / "elsewhere")


def pipe(folder: Path) -> None:
    """Put a pipe, for which nobody writes, in a file's place."""
    (folder / "actions.jsonl").unlink()
    os.mkfifo(folder / "actions.jsonl")


def inner_folder(folder: Path) -> None:
    """Put a folder in a file's place."""
    (folder / "checkpoint").unlink()
    (folder / "checkpoint").mkdir()


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "entries as a link": (lambda folder: link(folder, "entries.jsonl"), "cannot be read"),
    "the table as a link": (lambda folder: link(folder, "entries.csv"), "cannot be read"),
    "the manifest as a link": (lambda folder: link(folder, "manifest.json"), "cannot be read"),
    "policies as a link": (lambda folder: link(folder, "policies"), "policies is a link"),
    "a pipe": (pipe, "no regular file"),
    "a folder": (inner_folder, "no regular file"),
    "one more file": (lambda folder: (folder / "README").write_text("all is well"), "does not name it"),
    "one less": (lambda folder: (folder / "actions.jsonl").unlink(), "cannot be read"),
    "a path outside": (
        lambda folder: (folder / "manifest.json").write_bytes(
            (folder / "manifest.json").read_bytes().replace(b'"policies/', b'"policies/../')
        ),
        "is no file of an export",
    ),
    "another format": (
        lambda folder: (folder / "manifest.json").write_bytes(
            (folder / "manifest.json").read_bytes().replace(b"signoff-export-1", b"signoff-export-2")
        ),
        "this version reads signoff-export-1",
    ),
    "a manifest with a key twice": (
        lambda folder: (folder / "manifest.json").write_bytes(
            (folder / "manifest.json").read_bytes().replace(b'{"entries":', b'{"entries":1,"entries":', 1)
        ),
        "cannot be read",
    ),
    "a plan's export that is none": (
        lambda folder: (folder / "manifest.json").write_bytes(
            (folder / "manifest.json").read_bytes().replace(b'"plan":null', b'"plan":"p-1"')
        ),
        "cannot be read",
    ),
}


@pytest.mark.parametrize("what", FILES)
def test_a_folder_that_is_no_export(what: str, original: Original, folder: Path) -> None:
    """No link is followed, no device is waited for, and no file is read that an export has not."""
    attack, told = FILES[what]
    attack(folder)
    assert told in "\n".join(original.audited(folder).problems)


def test_many_problems_are_counted(original: Original, folder: Path) -> None:
    """Of a file that is all wrong as many problems are told as somebody could read; the others are counted."""
    put(folder, [b"{}"] * (MAX_PROBLEMS + 500))
    problems = original.audited(folder).problems
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].startswith("and 5")
