"""What an action declares of its effect, and what it may not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from signoff.actions import Action, Effect, Execution, Registry, Retry, action, ask_action
from signoff.canonical import Json

DAY = timedelta(days=1)


def made(effect: Effect, **declared: Any) -> type[Action]:
    """An action with that effect, which declares these."""

    def pay(execution: Execution, to: str) -> Json:
        return f"{to} {execution.key}"

    return action(effect=effect, **declared)(pay)


def seen(execution: Execution, to: str) -> bool | None:
    """Whether it happened, as its key tells."""
    return {"yes": True, "no": False}.get(execution.key)


def other(to: str) -> bool:
    """A probe with other parameters."""
    return bool(to)


@pytest.mark.parametrize(
    ("effect", "declared", "problem"),
    [
        (Effect.IDEMPOTENT, {}, "the effect IDEMPOTENT needs `window`, a timedelta"),
        (Effect.IDEMPOTENT, {"window": timedelta()}, "`window` is datetime.timedelta.0.; write a timedelta of more than nothing"),
        (Effect.IDEMPOTENT, {"window": 3600}, "`window` is 3600; write a timedelta"),
        (Effect.PROBE, {}, "the effect PROBE needs a method `probe`"),
        (Effect.PROBE, {"probe": seen, "window": DAY}, "`window` is for the effect IDEMPOTENT, not for PROBE"),
        (Effect.OPAQUE, {"probe": seen}, "`probe` is for the effect PROBE, not for OPAQUE"),
        (Effect.OPAQUE, {"retry": Retry(attempts=2)}, "`retry` is a Retry, .* OPAQUE is never tried again"),
        (Effect.IDEMPOTENT, {"window": DAY, "retry": 3}, "`retry` is a Retry"),
        (Effect.LOCAL, {"timeout": 5}, "LOCAL holds its transaction and must not wait"),
        (Effect.READ, {"timeout": 5}, "READ holds its transaction and must not wait"),
        (Effect.OPAQUE, {"timeout": 0}, "`timeout` is 0; write seconds, up to 3,600"),
        (Effect.OPAQUE, {"timeout": True}, "`timeout` is True; write seconds"),
        (Effect.OPAQUE, {"timeout": float("nan")}, "`timeout` is nan; write seconds"),
        (Effect.OPAQUE, {"timeout": 3601}, "`timeout` is 3601; write seconds"),
    ],
)
def test_what_does_not_fit_the_effect_is_refused(effect: Effect, declared: dict[str, Any], problem: str) -> None:
    """An action that declares too little or too much for its effect is not registered."""
    with pytest.raises(TypeError, match=problem):
        Registry(made(effect, **declared))


@pytest.mark.parametrize(
    ("effect", "declared"),
    [
        (Effect.IDEMPOTENT, {"window": DAY, "timeout": 2.5, "retry": Retry(attempts=1, delay=0)}),
        (Effect.PROBE, {"probe": seen, "timeout": 3600, "retry": Retry(attempts=100, longest=86_400)}),
        (Effect.OPAQUE, {"timeout": 1}),
    ],
)
def test_what_fits_the_effect_is_kept(effect: Effect, declared: dict[str, Any]) -> None:
    """An action is registered with what it declares."""
    found = Registry(made(effect, **declared))["pay"]
    assert found.effect is effect
    assert {name: getattr(found, name) for name in declared if name != "probe"} == {
        name: value for name, value in declared.items() if name != "probe"
    }


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"attempts": 0}, "attempts are 0; write a number from 1 to 100"),
        ({"attempts": True}, "attempts are True"),
        ({"delay": -1.0}, "a delay is -1.0; write seconds from 0 to 86,400"),
        ({"longest": float("inf")}, "a delay is inf"),
        ({"delay": float("nan")}, "a delay is nan"),
    ],
)
def test_retries_are_bounded(fields: dict[str, Any], problem: str) -> None:
    """A Retry has a number of attempts and delays that end."""
    with pytest.raises(ValueError, match=problem):
        Retry(**fields)


def test_delays_double_up_to_the_longest() -> None:
    """Each delay is twice the one before, up to the longest."""
    retry = Retry(delay=1.5, longest=10)
    assert [retry.after(failures).total_seconds() for failures in (1, 2, 3, 4, 100)] == [1.5, 3, 6, 10, 10]


@pytest.mark.parametrize(("key", "ending"), [("yes", "done"), ("no", "failed"), ("?", "in_doubt")])
def test_a_probe_is_asked_with_what_the_action_was_given(key: str, ending: str, execution: Execution) -> None:
    """What the function given as `probe` says is what the receiver said."""
    pay = Registry(made(Effect.PROBE, probe=seen)).read({"type": "pay", "to": "Ann"})
    assert ask_action(pay, replace(execution, key=key)).ending.value == ending


def test_a_probe_with_other_parameters_is_refused() -> None:
    """A probe that cannot be called as its function is told of where it is made."""
    with pytest.raises(TypeError, match="pay: its probe must have the same parameters"):
        made(Effect.PROBE, probe=other)


@pytest.mark.parametrize("answer", [1, 0, "yes", ConnectionError("gone")])
def test_a_probe_that_says_nothing_clear_says_nothing(answer: object, execution: Execution) -> None:
    """Only True and False are answers; whatever else a probe gives or raises is none."""

    def unclear(execution: Execution, to: str) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    pay = Registry(made(Effect.PROBE, probe=unclear)).read({"type": "pay", "to": "Ann"})
    result = ask_action(pay, execution)
    assert result.ending.value == "in_doubt"
    assert "did not say" in str(result.error)
