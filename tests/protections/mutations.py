"""Protections taken away one by one, and the test that fails for each: a plugin of pytest that takes one away for a whole run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from signoff import plans, voting
from signoff.audit import rows, sealing, verify
from signoff.audit.database import Database
from signoff.audit.sealing import Seal
from tests.simulation import bugs

Mutation = Callable[[pytest.MonkeyPatch], None]
WORLD = "tests/simulation/test_simulation.py::test_the_laws_hold"
VERIFYING = "tests/audit/test_verify.py::"
SEALING = "tests/audit/test_sealing.py::"
STALE = "tests/audit/test_compare_and_set.py::test_a_stale_record_changes_nothing"


@dataclass(frozen=True, kw_only=True)
class Protection:
    """Something that keeps a promise, without it, and who notices."""

    mutation: Mutation
    test: str
    said: str  # by the test that fails


class _Same(str):
    """Text that is the same as any other."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


def _instead(target: object, name: str, instead: object) -> Mutation:
    return lambda patch: patch.setattr(target, name, instead)


def _sql(old: str, new: str) -> Mutation:
    """Let every statement say *new* in the place of *old*."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        execute = Database.execute

        def changed(self: Database, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
            return execute(self, sql.replace(old, new), parameters)

        patch.setattr(Database, "execute", changed)

    return mutate


# See also the bugs of tests/crash (processes that are killed, power cuts), of each law in tests/properties, and tests/simulation.
PROTECTIONS = {
    "fence": Protection(mutation=bugs.no_fence, test=f"{WORLD}[19]", said="which is held by"),
    "lease": Protection(mutation=bugs.no_lease, test=f"{WORLD}[0]", said="before its lease is over"),
    "intent": Protection(mutation=bugs.effect_before_intent, test=f"{WORLD}[4]", said="its effect happened"),
    "FULL": Protection(
        mutation=_sql("synchronous = EXTRA", "synchronous = NORMAL"),
        test="tests/crash/test_durability.py::test_the_connection_is_safe",
        said="synchronous",
    ),
    "compare and set: states": Protection(
        mutation=_sql("AND status = ? AND attempt = ? AND", "AND (status = ? AND attempt = ? OR 1) AND"),
        test=f"{STALE}[_move]",
        said="DID NOT RAISE",
    ),
    "compare and set: revisions": Protection(
        mutation=_sql("AND revision = ? AND status = ? AND attempt = 0", "AND (revision = ? AND status = ? OR 1)"),
        test=f"{STALE}[_edit]",
        said="DID NOT RAISE",
    ),
    "compare and set: votes": Protection(
        mutation=_sql("AND used IS NULL RETURNING", "RETURNING"), test=f"{STALE}[_use_votes]", said="DID NOT RAISE"
    ),
    "compare and set: reminders": Protection(
        mutation=_sql("AND status = 'waiting' AND reminded IS NULL", ""), test=f"{STALE}[_remind]", said="DID NOT RAISE"
    ),
    "digest of the bytes": Protection(
        mutation=_instead(rows, "digest", lambda _: _Same()),
        test=f"{VERIFYING}test_altered_plan_is_neither_signed_nor_run",
        said="assert 0 > 0",
    ),
    "digest that a voter names": Protection(
        mutation=_instead(voting, "_check_digest", lambda *_: None),
        test="tests/app/test_batches.py::test_the_digest_names_these_approvals_and_what_they_ask_for",
        said="DID NOT RAISE",
    ),
    "seal": Protection(
        mutation=_instead(sealing, "same", lambda *_: True),
        test=f"{SEALING}test_an_entry_of_ones_own_is_not_sealed",
        said="DID NOT RAISE",
    ),
    "kept head": Protection(
        mutation=_instead(Seal, "goes_on", lambda *_: True),
        test=f"{SEALING}test_a_whole_database_that_was_put_back_is_not_used",
        said="DID NOT RAISE",
    ),
    "chain of hashes": Protection(
        mutation=_instead(verify, "entry_problems", lambda *_: iter(())),
        test=f"{VERIFYING}test_tampering_is_named",
        said="was moved",
    ),
    "state from the log": Protection(
        mutation=_instead(verify, "_differences", lambda *_: iter(())),
        test=f"{VERIFYING}test_altered_plan_is_neither_signed_nor_run",
        said="assert 0 > 0",
    ),
    "state from the log, before it runs": Protection(
        mutation=_instead(plans, "verify_plan", lambda *_: None),
        test=f"{VERIFYING}test_altered_plan_is_neither_signed_nor_run",
        said="DID NOT RAISE",
    ),
    "forgetting": Protection(
        mutation=bugs.nothing_is_forgotten,
        test="tests/app/test_remembered.py::test_what_was_rolled_back_is_forgotten",
        said="assert PlanRecord",
    ),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the one that is taken away."""
    parser.addoption("--without", choices=list(PROTECTIONS))


def pytest_configure(config: pytest.Config) -> None:
    """Take it away until the run ends."""
    if config.getoption("--without"):
        patch = pytest.MonkeyPatch()
        PROTECTIONS[config.getoption("--without")].mutation(patch)
        config.add_cleanup(patch.undo)
