"""Laws of what leaves the database: whatever happened, others can verify it; whatever is changed in it, they find that."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.audit import Kept, new_keys, read_public_key, read_receipt, sign_head, verify_export, write_export, write_receipt
from tests.app.auditor import audit_export, audit_receipt

from .lives import Life, lives
from .world import opened_bank


@given(lives, st.integers(0, 20))
def test_whatever_happened_can_be_verified(life: Life, upto: int) -> None:
    """The export of any life, and the receipt of its every vote, verify here and by another program, from any head on."""
    keys, kept = new_keys(), list[Kept]()
    public = read_public_key(keys.public)
    with opened_bank(life.file) as bank:
        for number, _ in enumerate(bank.live(life.verbs)):
            if number == upto:
                with bank.store.read() as tx:
                    kept.append(Kept(where="here", checkpoint=sign_head(tx, keys, [])))
        out = bank.database.parent / "out"
        with bank.store.read() as tx:
            write_export(out, tx, keys, kept, table=True)
            voted = [entry for entry in tx.entries() if entry.event == "voted"]
            for entry in voted:
                approval = tx.approval(str(entry.data["approval"]))
                assert approval
                proof, _ = write_receipt(tx, keys, kept, approval, entry.actor.id)
                assert read_receipt(proof.to_bytes(), public).problems == ()
                assert audit_receipt(proof.to_bytes(), keys.public)["actor"]["id"] == entry.actor.id
            entries = len(tx.entries())
        found = verify_export(out, public, kept)
        assert (found.problems, found.entries) == ((), entries)
        assert found.extended == tuple(one.checkpoint.size for one in kept)
        assert audit_export(out, keys.public, [one.checkpoint.to_bytes() for one in kept]) == entries


@pytest.mark.parametrize("plan", [0, -1])
@given(life=lives)
def test_any_plan_can_be_shown_alone(plan: int, life: Life) -> None:
    """The export of one plan verifies; without any one of its entries but the last it does not."""
    keys = new_keys()
    with opened_bank(life.file) as bank:
        for _ in bank.live(life.verbs):
            pass
        plans = bank.plans()
        if not plans:
            return
        out: Path = bank.database.parent / "out"
        with bank.store.read() as tx:
            write_export(out, tx, keys, [], plan=plans[plan].id)
        assert verify_export(out, read_public_key(keys.public)).problems == ()
        lines = (out / "entries.jsonl").read_bytes().splitlines(keepends=True)
        for left_out in range(len(lines) - 1):
            (out / "entries.jsonl").write_bytes(b"".join(lines[:left_out] + lines[left_out + 1 :]))
            assert verify_export(out, read_public_key(keys.public)).problems
        shutil.rmtree(out)
