"""`signoff audit rotate`: new keys for which the old ones vouch, also where it is killed."""

import signal

import pytest

from signoff.audit import new_keys
from signoff.errors import Exit
from tests.app.auditor import audit_export, audit_receipt
from tests.app.conftest import DEPOSIT, CommandLine
from tests.app.proofs import export, public_key, sign, voted


def test_a_rotation_is_followed(log: CommandLine) -> None:
    """Whoever has the first public key verifies what later ones signed; the key file holds the new keys alone."""
    approval = voted(log)
    heads, first = log.folder / "heads", public_key(log)
    log("audit", "checkpoint", "--to", str(heads))
    for _ in range(2):
        assert log("audit", "rotate", "--as", "root").code == 0
        log("audit", "checkpoint", "--to", str(heads))
    newest = public_key(log)
    assert newest != first
    assert first.split("+")[1] not in (log.folder / "signoff.db.key").read_text()
    folder = export(log, "out")
    log("audit", "receipt", approval, "--to", str(log.folder / "vote"))
    for key in (first, newest):
        ran = log("audit", "verify", "--export", str(folder), "--public-key", key, "--checkpoint", str(heads), "--json")
        assert (ran.code, ran.json["problems"]) == (0, [])
        assert audit_export(folder, key) == ran.json["entries"]
        assert audit_receipt((log.folder / "vote").read_bytes(), key)["actor"]["id"] == "mira"
        assert log("audit", "verify", "--receipt", str(log.folder / "vote"), "--public-key", key).code == 0
    assert log("audit", "verify").code == 0
    stranger = new_keys(first.split("+")[0]).public
    ran = log("audit", "verify", "--export", str(folder), "--public-key", stranger, "--json")
    assert (ran.code, "cannot be followed" in ran.json["problems"][0]) == (Exit.LOG, True)


KILL = """
import os, signal
from signoff.audit import rotating
def killed(name, count, after):
    real, calls = getattr(rotating, name), []
    def step(*given, **named):
        calls.append(name)
        if len(calls) == count and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        done = real(*given, **named)
        if len(calls) == count and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    setattr(rotating, name, step)
"""


@pytest.mark.parametrize(
    ("step", "count"), [("write_keys", 1), ("write_rotation", 1), ("sign_head", 2), ("keep", 1), ("write_keys", 2)]
)
@pytest.mark.parametrize("after", [False, True])
def test_a_rotation_that_was_killed(log: CommandLine, step: str, count: int, after: bool) -> None:
    """Killed before or after any step, the database has its keys, and the next rotation goes on from there."""
    first = public_key(log)
    sign(log)
    ran = log.main_after(f"{KILL}\nkilled({step!r}, {count}, {after})", "audit", "rotate", "--as", "root")
    assert ran.code == -signal.SIGKILL
    told = [entry for entry in log("audit", "log", "system", "--json").json if entry["event"] == "rotated"]
    assert public_key(log) == (told[-1]["data"]["public_key"] if told else first)
    log.submit(DEPOSIT)
    sign(log)
    assert log("audit", "rotate", "--as", "root").code == 0
    sign(log)
    folder = export(log, "out")
    assert log("audit", "verify", "--export", str(folder), "--public-key", first).code == 0
    assert audit_export(folder, first)
    assert (log.folder / "signoff.db.key").read_text().count("PRIVATE+KEY") == 1


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_a_rotation_that_was_killed_where_it_keeps_the_head(log: CommandLine, count: int, after: bool) -> None:
    """Killed once the log is sealed with the new key, before or after its head is kept with it, the database is used as ever."""
    first = public_key(log)
    code = f"{KILL}\nfrom signoff.audit.kept import KeptHead as rotating\nkilled('write', {count}, {after})"
    assert log.main_after(code, "audit", "rotate", "--as", "root").code == -signal.SIGKILL
    assert public_key(log) != first
    log.submit(DEPOSIT)
    assert log("audit", "verify").code == 0
    assert log("audit", "rotate", "--as", "root").code == 0
    log.submit(DEPOSIT)
    assert log("audit", "verify", "--export", str(export(log, "out")), "--public-key", first).code == 0
