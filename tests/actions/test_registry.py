"""The registry: what is registered, what is read, and which definitions it refuses."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest

from signoff.actions import Action, Execution, Migration, Money, Registry
from signoff.canonical import Json
from signoff.errors import ActionInvalid


class Base(Action):
    """What the actions here share."""

    def run(self, execution: Execution) -> Json:
        """Nothing is done."""
        return None


def define(**fields: Any) -> type[Action]:
    """A new action class with these annotations."""
    return type("Bad", (Base,), {"__module__": __name__, "__annotations__": fields})


class NoType(Base):
    """Has no type literal."""


class NoRun(Action):
    """Has no code."""

    type: Literal["no_run"] = "no_run"


class Spaced(Base):
    """Has a type that no rule can name."""

    type: Literal["send money"] = "send money"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (NoType, r'NoType needs its type: write `type: Literal\["name"\] = "name"`'),
        (NoRun, "NoRun has no `run`; write what it does"),
        (Spaced, 'rules cannot name the type "send money"'),
    ],
)
def test_incomplete_actions_are_refused(made: type[Action], reason: str) -> None:
    """An action without a type or code is not registered."""
    with pytest.raises(TypeError, match=reason):
        Registry(made)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"amount": float}, "an action's field is str, bool, int, Decimal"),
        ({"when": dict[str, str]}, "an action's field is str, bool, int, Decimal"),
        ({"names": list[str]}, "an action's field is str, bool, int, Decimal"),
        ({"either": str | int}, "an action's field is str, bool, int, Decimal"),
        ({"pair": tuple[str, int]}, "one type and an ellipsis"),
        ({"amount": Annotated[int, Money("currency")], "currency": str}, "Money marks a Decimal"),
        ({"amount": Annotated[Decimal, Money("currency")]}, "has no field `currency` to hold a currency"),
        ({"amount": Annotated[Decimal, Money("code")], "code": int}, "`code` holds a currency and must be a plain str"),
        ({"amount": Annotated[Decimal, Money("code")], "code": str | None}, "`code` holds a currency and must be a plain str"),
        ({"needs": str}, "a field cannot be named `needs`; rename it"),
        ({"number": int}, "a field cannot be named `number`; rename it"),
        ({"plan": str}, "a field cannot be named `plan`; rename it"),
        ({"type_": str}, "a field cannot be named `type`; rename it"),
        ({"größe": int}, "a field cannot be named `größe`; rename it"),
        ({"to": str, "to_": str}, "two fields are named `to` in plans"),
    ],
    ids=str,
)
def test_fields_that_cannot_be_exact_are_refused(fields: dict[str, Any], reason: str) -> None:
    """A class is refused where it is defined if a field's type or name leaves room for doubt."""
    with pytest.raises(TypeError, match=reason):
        define(type=Literal["bad"], **fields)


def test_a_field_cannot_hide_a_method() -> None:
    """A field named like a method of Action is refused with the spelling that keeps its name in plans."""
    with (
        pytest.warns(UserWarning, match="shadows an attribute"),
        pytest.raises(TypeError, match="write `title_`, plans and rules keep `title`"),
    ):
        define(type=Literal["bad"], title=str)
    assert list(define(type=Literal["good"], title_=str).fields) == ["title"]


def test_one_type_is_registered_once() -> None:
    """Two actions cannot share a type."""
    first, second = define(type=Literal["same"]), define(type=Literal["same"])
    with pytest.raises(TypeError, match="two actions have the type `same`"):
        Registry(first, second)


def test_a_registry_holds_actions_and_migrations(bank: Registry) -> None:
    """A registry is a mapping of types to actions, and a user's own may extend another's."""
    own = define(type=Literal["own"])
    registry = Registry(*bank.values(), own, migrations=[*bank.migrations, Migration("own.1", "SELECT 1;")])
    assert list(registry) == ["check_balance", "deposit", "withdraw", "transfer", "pay_bill", "own"]
    assert (len(registry), registry["own"]) == (6, own)
    assert [migration.name for migration in registry.migrations] == ["bank.1", "own.1"]


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        ({}, "`type` is missing; known are check_balance, deposit, withdraw, transfer, pay_bill"),
        ({"type": "tranfser"}, '"tranfser" is not an action type; did you mean `transfer`?'),
        (
            {"type": "\x1b[2J"},
            '"\\u{1b}[2J" is not an action type; known are check_balance, deposit, withdraw, transfer, pay_bill',
        ),
        ({"type": None}, '"None" is not an action type; known are check_balance, deposit, withdraw, transfer, pay_bill'),
        ({"type": ["transfer"]}, """"['transfer']" is not an action type; did you mean `transfer`?"""),
    ],
)
def test_unknown_types_are_named(bank: Registry, wire: dict[str, Json], problem: str) -> None:
    """An unknown action type is named, safe to show, with the nearest or all known types."""
    with pytest.raises(ActionInvalid) as caught:
        bank.read(wire)
    assert caught.value.problems == (problem,)


STORED = b'{"amount":"150.00","currency":"USD","from":"checking","to":"Alice","type":"transfer"}'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"150.00"', '"150.0"'),
        ('"150.00"', "150"),
        ('"currency":"USD",', ""),
        ('"to":"Alice"', '"to":"Alice","to":"Alice"'),
        ('"to":', '"to": '),
        ("Alice", "Zoe\u0308"),
        ("}", "}\n"),
        ("}", ""),
        (STORED.decode(), "[]"),
        (STORED.decode(), ""),
    ],
)
def test_stored_bytes_must_be_canonical(bank: Registry, old: str, new: str) -> None:
    """Bytes that mean the same action, but are not its canonical form, are refused like any others."""
    assert bank.load(STORED).canonical() == STORED
    with pytest.raises(ActionInvalid):
        bank.load(STORED.decode().replace(old, new).encode())
