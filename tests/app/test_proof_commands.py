"""What an auditor and an approver get from `signoff audit`, also checked by a program that shares no code with it."""

import base64
import json
import signal
import subprocess
import sys

import pytest

from signoff.audit import new_keys
from signoff.errors import Exit
from tests.app.auditor import Wrong, audit_export, audit_receipt, open_checkpoint, read_key
from tests.app.conftest import BALANCE, DEPOSIT, TRANSFER, CommandLine
from tests.app.proofs import export, public_key, put_back, saved, sign, voted


def test_a_checkpoint_tells_the_head(log: CommandLine) -> None:
    """Other programs read the size and the root of the log in it, and who signed it; it is kept beside the key."""
    told = sign(log)
    size, root = open_checkpoint(told, read_key(public_key(log)))
    shown = log("audit", "checkpoint", "--json").json
    assert (shown["size"], shown["root"]) == (size, root.hex())
    assert size == len(log("audit", "log", "--json").json)
    kept = log.folder / "signoff.db.checkpoint"
    assert kept.read_bytes() == told
    assert kept.stat().st_mode & 0o777 == 0o600


def test_published_heads_are_added_to_a_file(log: CommandLine) -> None:
    """The file only grows; a head that it has is not added again, and one that does not go on from it never."""
    file = log.folder / "heads"
    for _ in range(2):
        assert log("audit", "checkpoint", "--to", str(file)).code == 0
    first = file.read_bytes()
    log.submit(DEPOSIT)
    assert log("audit", "checkpoint", "--to", str(file)).code == 0
    both = file.read_bytes()
    assert both.startswith(first + b"\n")
    assert both == first + b"\n" + sign(log)
    file.write_bytes(both[:-9])
    log("audit", "checkpoint", "--to", str(file)).failed(Exit.LOG, "does not hold checkpoints")
    assert file.read_bytes() == both[:-9]


def test_an_export_verifies_without_the_database(log: CommandLine) -> None:
    """With the public key alone, also by another program; it says what it cannot know."""
    approval = voted(log)
    key, folder = public_key(log), export(log, "out", "--csv")
    log.database.rename(log.folder / "elsewhere")
    found = log("audit", "verify", "--export", str(folder), "--public-key", key, "--json")
    assert found.code == 0
    assert found.json["verified"]
    assert found.json["entries"] == audit_export(folder, key) == found.json["checkpoint"]["size"]
    assert "rewritten by somebody who has its key" in " ".join(found.json["cannot_know"])
    assert approval in (folder / "entries.csv").read_text(encoding="utf-8-sig")
    shown = log.wide("audit", "verify", "--export", str(folder), "--public-key", key)
    assert f"verifies: {found.json['entries']} entries, 2 plans." in shown.out
    (log.folder / "key").write_text(f"{key}\n")
    assert log("audit", "verify", "--export", str(folder), "--public-key", str(log.folder / "key")).code == 0


def test_an_export_has_the_bytes_that_were_hashed(log: CommandLine) -> None:
    """Each line of the export hashes to what the database holds."""
    folder = export(log, "out")
    rows = log.dump()["entries"]
    lines = (folder / "entries.jsonl").read_bytes().split(b"\n")[:-1]
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        assert repr(line) in row


def test_an_export_is_there_whole_or_not(log: CommandLine) -> None:
    """What is there already is never written over, and what fails leaves nothing behind."""
    folder = export(log, "out")
    log("audit", "export", "--to", str(folder)).failed(Exit.USAGE, "there already")
    log.tamper("UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'dana', 'dora') AS BLOB) WHERE number = 3")
    before = sorted(log.folder.iterdir())
    log("audit", "export", "--to", str(log.folder / "other")).failed(Exit.LOG, "entry 3 was altered")
    log("audit", "export", "--to", str(log.folder / "other"), "--plan", "p-none").failed(Exit.USAGE, "no plan")
    assert sorted(log.folder.iterdir()) == before
    log("audit", "export", "--to", str(log.folder / "no/where")).failed(Exit.USAGE, "cannot be made")


@pytest.mark.parametrize("count", [1, 2])
def test_an_export_that_was_killed(log: CommandLine, count: int) -> None:
    """Killed before it has its name, an export is not there; it can be made again under that name."""
    code = (
        "import os, signal\nfrom signoff.audit import exporting\nreal, calls = exporting.sync_folder, []\n"
        "def killed(path):\n"
        "    calls.append(path)\n"
        f"    return real(path) if len(calls) < {count} else os.kill(os.getpid(), signal.SIGKILL)\n"
        "exporting.sync_folder = killed"
    )
    assert log.main_after(code, "audit", "export", "--to", str(log.folder / "out")).code == -signal.SIGKILL
    assert not (log.folder / "out").exists()
    assert audit_export(export(log, "out"), public_key(log))


def test_one_plan_is_shown_to_be_in_the_log(log: CommandLine) -> None:
    """The export of one plan holds its entries alone, with proofs; without one, or with another entry, it does not verify."""
    plan = log.submit(DEPOSIT)["plan"]
    key, folder = public_key(log), export(log, "out", "--plan", plan, "--csv")
    found = log("audit", "verify", "--export", str(folder), "--public-key", key, "--json")
    assert found.code == 0, found.out
    assert found.json["plans"] == 1
    assert found.json["entries"] < found.json["checkpoint"]["size"]
    assert f"whether {plan} has entries after the last one shown" in found.json["cannot_know"]
    proofs = (folder / "proofs.jsonl").read_bytes()
    (folder / "proofs.jsonl").write_bytes(proofs.replace(b'"hashes":["', b'"hashes":["A', 1))
    again = log("audit", "verify", "--export", str(folder), "--public-key", key, "--json")
    assert again.code == Exit.LOG
    assert "is not shown to be an entry of the log" in " ".join(again.json["problems"])


@pytest.mark.parametrize("sql", ["DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)", "DELETE FROM entries"])
def test_a_log_that_lost_its_end_is_not_signed(log: CommandLine, sql: str) -> None:
    """Where the log does not go on from the last checkpoint nothing is signed, and the last one stays."""
    before = sign(log)
    log.tamper(sql)
    log("audit", "checkpoint").failed(Exit.LOG, "its newest were removed", "nothing was signed")
    assert (log.folder / "signoff.db.checkpoint").read_bytes() == before


def test_an_old_copy_is_not_signed(log: CommandLine) -> None:
    """A copy of the database from an earlier day, which went on otherwise, is not the log that was signed."""
    copy = saved(log)
    log.submit(DEPOSIT)
    sign(log)
    put_back(copy)
    log("audit", "checkpoint").failed(Exit.LOG, "older copy")
    log.submit(BALANCE, BALANCE)
    log("audit", "checkpoint").failed(Exit.LOG, "the log was rewritten")


def test_verification_with_kept_checkpoints(log: CommandLine) -> None:
    """An auditor's own checkpoints are all found again in a later export; those of another log are not."""
    heads = log.folder / "heads"
    for _ in range(3):
        log("audit", "checkpoint", "--to", str(heads))
        log.submit(DEPOSIT)
    key, folder = public_key(log), export(log, "out")
    found = log("audit", "verify", "--export", str(folder), "--public-key", key, "--checkpoint", str(heads), "--json").json
    assert found["verified"]
    assert len(found["extends"]) == 3
    other = new_keys()
    (log.folder / "other").write_bytes(heads.read_bytes().replace(key.partition("+")[0].encode(), other.origin.encode()))
    again = log(
        "audit", "verify", "--export", str(folder), "--public-key", key, "--checkpoint", str(log.folder / "other"), "--json"
    )
    assert again.code == Exit.LOG
    assert len(again.json["problems"]) == 3


def test_a_receipt_for_a_vote(log: CommandLine) -> None:
    """An approver can show later, without the log, that they voted, when, and on what; another program agrees."""
    approval = voted(log)
    file, key = log.folder / "vote.tlog-proof", public_key(log)
    assert log("audit", "receipt", approval, "--to", str(file)).code == 0
    log.submit(DEPOSIT)
    entry = audit_receipt(file.read_bytes(), key)
    assert (entry["actor"]["id"], entry["data"]["approval"], entry["data"]["choice"]) == ("mira", approval, "approve")
    found = log("audit", "verify", "--receipt", str(file), "--public-key", key, "--json")
    assert (found.code, found.json["verified"], found.json["entry"]) == (0, True, entry)
    assert found.json["action"]["amount"] == "150.00"
    assert "mira (claimed) voted to approve" in log.wide("audit", "verify", "--receipt", str(file), "--public-key", key).out


def test_a_receipt_of_somebody_who_did_not_vote(log: CommandLine) -> None:
    """Who has not voted gets none, and a file is not written over."""
    approval = voted(log)
    file = str(log.folder / "vote")
    log("audit", "receipt", approval, "--as", "omar", "--to", file).failed(Exit.USAGE, f"omar has not voted on {approval}")
    log("audit", "receipt", "none", "--to", file).failed(Exit.USAGE, 'there is no approval "none"')
    assert log("audit", "receipt", approval, "--as", "mira", "--to", file).code == 0
    log("audit", "receipt", approval, "--to", file).failed(Exit.USAGE, "there already")


def altered_receipts(data: bytes) -> dict[str, bytes]:
    """Receipts that say something else, by what they say."""
    head, _, rest = data.partition(b"\nindex ")
    extra = json.loads(base64.b64decode(head.split(b"extra ")[1]))

    def written(**changes: str) -> bytes:
        told = json.dumps(extra | changes, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return b"c2sp.org/tlog-proof@v1\nextra " + base64.b64encode(told) + b"\nindex " + rest

    return {
        "voter": written(entry=extra["entry"].replace("mira", "omar")),
        "choice": written(entry=extra["entry"].replace('"approve"', '"reject"')),
        "amount": written(action=extra["action"].replace("150.00", "1.00")),
        "index": data.replace(b"\nindex ", b"\nindex 1"),
        "root": data.replace(rest.split(b"\n\n")[1].split(b"\n")[2], base64.b64encode(bytes(32))),
        "hash": data.replace(rest.split(b"\n")[1], base64.b64encode(bytes(32))),
        "extra text": data + b"\n",
        "no action": written(action=""),
    }


def test_altered_receipts_do_not_verify(log: CommandLine) -> None:
    """Whatever is changed in a receipt is found, by this program and by the other."""
    approval = voted(log)
    file, key = log.folder / "vote.tlog-proof", public_key(log)
    log("audit", "receipt", approval, "--to", str(file))
    for what, data in altered_receipts(file.read_bytes()).items():
        assert data != file.read_bytes(), what
        altered = log.folder / "altered"
        altered.write_bytes(data)
        assert log("audit", "verify", "--receipt", str(altered), "--public-key", key).code == Exit.LOG, what
        if what != "extra text":  # of which the other program reads less
            with pytest.raises((Wrong, ValueError)):
                audit_receipt(data, key)
    other = new_keys(key.partition("+")[0]).public
    assert log("audit", "verify", "--receipt", str(file), "--public-key", other).code == Exit.LOG


def test_a_wrong_key_file_signs_nothing(log: CommandLine) -> None:
    """The keys of before a rotation are not the log's any more."""
    old = (log.folder / "signoff.db.key").read_bytes()
    log("audit", "rotate", "--as", "root")
    (log.folder / "signoff.db.key").write_bytes(old)
    log("audit", "checkpoint").failed(Exit.USAGE, "put the right one")
    (log.folder / "signoff.db.key").unlink()
    log("audit", "key").failed(Exit.USAGE, "SIGNOFF_KEY")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--export", "nowhere", "--public-key", "a+b+c"], "--public-key"),
        (["--export", "nowhere"], "say with --public-key"),
        (["--public-key", "x"], "name one of them"),
        (["--receipt", "nowhere", "--checkpoint", "x", "--public-key", "x"], "is for --export"),
    ],
)
def test_what_cannot_be_meant_is_told(cli: CommandLine, options: list[str], told: str) -> None:
    """A wrong option is named with its remedy, and is wrong usage."""
    cli("audit", "verify", *options).failed(Exit.USAGE, told)


def test_only_what_signs_or_verifies_pays_for_it(log: CommandLine) -> None:
    """`signoff queue` imports no cryptography."""
    code = "import sys; from signoff.cli import main; main(['queue']); print('cryptography' in sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=log.folder)
    assert ran.stderr == "False\n"


def test_cells_are_no_formulas(log: CommandLine) -> None:
    """Whoever acts under the name of a formula does not run it on the auditor's spreadsheet."""
    waiting = log.waiting()
    assert log("reject", waiting["id"], "--as", "=HYPERLINK(1)", "--reason", "no").code == Exit.DENIED
    text = (export(log, "out", "--csv") / "entries.csv").read_text(encoding="utf-8-sig")
    assert '"\'=HYPERLINK(1)"' in text
    assert ',"=' not in text


def test_waiting_transfers_are_in_the_export(log: CommandLine) -> None:
    """The action that somebody is asked to sign is in the export, in the bytes that were digested."""
    waiting = log.waiting(TRANSFER)
    folder = export(log, "out")
    assert waiting["digest"] in (folder / "entries.jsonl").read_text()
    assert '"amount":"150.00"' in (folder / "actions.jsonl").read_text()
