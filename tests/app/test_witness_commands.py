"""`signoff audit witness`: a witness takes no head of a log that does not go on from the last one."""

import subprocess

from signoff.errors import Exit
from tests.app.auditor import open_note, read_key
from tests.app.conftest import BALANCE, DEPOSIT, SIGNOFF, CommandLine
from tests.app.proofs import export, public_key, put_back, saved, sign


def watch(log: CommandLine, *what: str, state: str = "state") -> "tuple[int, str]":
    """Have a witness look at something; its exit code, and what it said on standard error."""
    ran = log("audit", "witness", "--state", str(log.folder / state), *what)
    return ran.code, ran.err


def test_a_witness_follows_a_log(log: CommandLine) -> None:
    """It takes the first head, the same again, and those that a proof, an export or the database shows to go on from it."""
    key = ("--public-key", public_key(log))
    head, proof, state = log.folder / "head", log.folder / "proof", log.folder / "state"
    head.write_bytes(sign(log))
    for _ in range(2):
        assert watch(log, str(head), *key) == (0, "")
    log.submit(DEPOSIT)
    assert log("audit", "checkpoint", "--since", str(state), "--to", str(proof)).code == 0
    assert watch(log, str(proof), *key) == (0, "")
    log.submit(DEPOSIT)
    assert watch(log, str(export(log, "out")), *key) == (0, "")
    log.submit(DEPOSIT)
    assert watch(log)[0] == 0
    assert state.read_bytes() == sign(log)


def test_a_witness_cosigns(log: CommandLine) -> None:
    """With a key of its own it signs what it saw, and knows its own state by that."""
    own, state = log.folder / "witness.key", log.folder / "state"
    code, told = watch(log, "--cosign", str(own), "--name", "witness.example/w1")
    key = told.split("public key is ")[1].strip()
    assert code == 0
    assert open_note(state.read_bytes(), read_key(key)).split("\n")[0] == public_key(log).split("+")[0]
    log.submit(DEPOSIT)
    assert watch(log, "--cosign", str(own))[0] == 0
    state.write_bytes(sign(log))
    code, told = watch(log, "--cosign", str(own))
    assert code == Exit.LOG
    assert "is not what this witness wrote" in told


def test_a_witness_refuses_what_does_not_go_on(log: CommandLine) -> None:
    """A smaller head, a fork, a bare newer one, a proof from elsewhere, and another log's: nothing of its state changes."""
    key = ("--public-key", public_key(log))
    first, bare, proof = log.folder / "first", log.folder / "bare", log.folder / "proof"
    copy = saved(log)
    first.write_bytes(sign(log))
    log.submit(DEPOSIT)
    second = log.folder / "second"
    second.write_bytes(sign(log))
    assert watch(log, str(second), *key)[0] == 0
    log.submit(DEPOSIT)
    bare.write_bytes(sign(log))
    log("audit", "checkpoint", "--since", str(first), "--to", str(proof))
    other = log.folder / "another"
    other.write_bytes(second.read_bytes().replace(key[1].split("+")[0].encode(), b"another.example"))
    put_back(copy)
    (log.folder / "signoff.db.checkpoint").unlink()
    log.submit(BALANCE, BALANCE)
    fork = export(log, "fork")
    state = (log.folder / "state").read_bytes()
    for what, reason in (
        (first, "some were removed"),
        (bare, "nothing shows that it goes on"),
        (proof, "the proof goes on from"),
        (other, "it is of the log"),
        (fork, "the log was rewritten"),
        (fork / "checkpoint", "nothing shows"),
    ):
        code, told = watch(log, str(what), *key)
        assert (code, reason in told) == (Exit.LOG, True), told
        assert (log.folder / "state").read_bytes() == state
    code, told = watch(log)
    assert (code, "rewritten" in told) == (Exit.LOG, True), told


def test_two_witnesses_of_one_state(log: CommandLine) -> None:
    """Of two that look at once neither undoes what the other took: the newest head stays."""
    key = public_key(log)
    sizes, proofs = [], []
    (log.folder / "head").write_bytes(sign(log))
    watch(log, str(log.folder / "head"), "--public-key", key)
    for number in range(6):
        log.submit(BALANCE)
        proofs.append(str(export(log, f"out{number}")))
        sizes.append(int((log.folder / f"out{number}" / "checkpoint").read_text().split("\n")[1]))
    command = [*SIGNOFF, "audit", "witness", "--state", str(log.folder / "state"), "--public-key", key]
    running = [subprocess.Popen([*command, one], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for one in reversed(proofs)]
    codes = {process.wait(60) for process in running if process.communicate(timeout=60)}
    assert codes <= {0, int(Exit.LOG)}
    assert int((log.folder / "state").read_text().split("\n")[1]) == sizes[-1]
