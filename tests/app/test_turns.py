"""A turn: what many callers want, in one transaction, is what they would get one after the other."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from signoff import Actor, Engine
from signoff.errors import SignoffError
from signoff.origin import Origin
from signoff.planner import ActionPlan
from signoff.steps import Going
from signoff.testing import CountingIds, FakeClock
from signoff.turns import Shared, take_turn
from tests.app.banking import DANA, MIRA, assert_verifies, deposit, transfer
from tests.app.intakes import DAILY, counted_engine, plan

AMOUNTS = st.sampled_from(["60.00", "100.00", "150.00", "9999999.00"])
ONE = st.one_of(
    st.builds(transfer, AMOUNTS),
    st.builds(transfer, AMOUNTS, st.sampled_from(["Mallory Ltd", "Nobody Known"])),
    st.builds(transfer, AMOUNTS, needs=st.just((1,))),
    st.builds(deposit, AMOUNTS),
    st.sampled_from([{"type": "check_balance"}, {"type": "nameless"}, {"type": "untitled"}, {"type": "meet"}]),
    st.builds(lambda text: {"type": "scribble", "text": text}, st.sampled_from(["surrogate", "own tables"])),
)
PLAN = st.lists(ONE, min_size=1, max_size=3).filter(lambda given: not given[0].get("needs"))


@given(st.lists(st.tuples(PLAN, st.sampled_from([DANA, MIRA])), min_size=1, max_size=6))
def test_a_turn_is_some_order_of_its_plans(given: list[tuple[list[dict[str, Any]], Actor]]) -> None:
    """What is decided, run and logged of plans that share a transaction is, byte for byte, what it is one after the other."""
    wanted = [(plan(*made), who) for made, who in given]
    with _fresh() as engine:
        one_by_one = [_turn(engine, [one])[0] for one in wanted]
        log = _log(engine)
    with _fresh() as engine:
        assert _turn(engine, wanted) == one_by_one
        assert _log(engine) == log
        assert_verifies(engine)


@given(st.lists(st.tuples(PLAN, st.sampled_from([DANA, MIRA])), min_size=1, max_size=6))
def test_a_turn_is_what_submit_does(given: list[tuple[list[dict[str, Any]], Actor]]) -> None:
    """Where nothing is outside the database, the log is, byte for byte, that of `submit`, plan after plan."""
    wanted = [(plan(*made), who) for made, who in given if not any(one["type"] == "meet" for one in made)]
    with _fresh() as engine:
        for one, who in wanted:
            try:
                engine.submit(one, who)
            except (SignoffError, ZeroDivisionError):
                continue
        log = _log(engine)
    with _fresh() as engine:
        _turn(engine, wanted)
        assert _log(engine) == log


@contextmanager
def _fresh() -> Iterator[Engine]:
    """An engine over a new file, with a clock that stands still and ids that count."""
    with (
        TemporaryDirectory() as folder,
        counted_engine(Path(folder) / "signoff.db", DAILY, clock=FakeClock(), ids=CountingIds()) as engine,
    ):
        yield engine


def _turn(engine: Engine, wanted: Sequence[tuple[ActionPlan, Actor]]) -> list[str]:
    """Submit all of *wanted* in one transaction; what each caller is told. What is outside is started, and never runs."""
    calls = [_call(one, who) for one, who in wanted]
    take_turn(engine, calls)
    return [repr(call.answer.exception() or call.answer.result()[0]) for call in calls]


def _call(one: ActionPlan, who: Actor) -> Shared[Any]:
    going = Going(plan="", actor=who)
    return Shared(work=lambda engine, tx: engine.submit_inside(tx, one, who, going, Origin()))


def _log(engine: Engine) -> list[bytes]:
    with engine.store.read() as tx:
        return [entry.body for entry in tx.entries()]
