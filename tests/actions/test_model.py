"""Actions: exact types, one canonical form, one digest."""

from decimal import Decimal
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from signoff.actions import Action, Execution, Kind, Lookup, Money, Registry
from signoff.actions.bank import Transfer
from signoff.actions.money import MAX_MINOR_UNITS, from_minor_units, write_money
from signoff.canonical import MAX_INTEGER, Json
from signoff.errors import ActionInvalid


class Sample(Action):
    """An action with a field of every kind."""

    type: Literal["sample"] = "sample"
    text: str = ""
    choice: Literal["small", "large"] = "small"
    flag: bool = False
    count: int = 0
    ratio: Decimal = Decimal("1.50")
    fee: Annotated[Decimal, Money("currency")] | None = None
    parts: tuple[Annotated[Decimal, Money("currency")], ...] = ()
    names: tuple[str, ...] = ()
    currency: str = "USD"
    in_: str | None = None

    def run(self, execution: Execution) -> Json:
        """Nothing is done."""
        return None


SAMPLES = Registry(Sample)


def transfer(**fields: Json) -> dict[str, Json]:
    """A transfer as a plan writes it, with *fields* replaced."""
    return {"type": "transfer", "to": "Alice", "amount": "150.00"} | fields


@pytest.mark.parametrize(
    "amount",
    ["1_000", "1e3", " 5 ", "１５０", "NaN", "inf", "-Infinity", 1.5, 150.0, True, None, [], {}, "-1", -1, "0", 0, "1.005"],
    ids=repr,
)
def test_wrong_amounts_are_refused(bank: Registry, amount: Json) -> None:
    """An amount that is not exactly a positive decimal of the currency is refused, and the error names the field."""
    with pytest.raises(ActionInvalid, match=r"^`amount` "):
        bank.read(transfer(amount=amount))


@pytest.mark.parametrize("to", [None, 5, True, ["Alice"], {"name": "Alice"}, 1.5])
def test_wrong_types_of_text_are_refused(bank: Registry, to: Json) -> None:
    """Nothing but text is text."""
    with pytest.raises(ActionInvalid, match=r"^`to` must be text$"):
        bank.read(transfer(to=to))


@pytest.mark.parametrize("to", ["Ali\x00ce", "Ali\x1b[0mce", "Ali\u202ece", "Ali\u2069ce", "Ali\u200bce"], ids=ascii)
def test_hidden_characters_are_refused(bank: Registry, to: str) -> None:
    """Control, escape and bidirectional characters in a field are refused with their place."""
    with pytest.raises(ActionInvalid, match=r"^`to` character 4 is U"):
        bank.read(transfer(to=to))


def test_text_is_composed(bank: Registry) -> None:
    """Text fields hold Unicode's composed form, so equal texts have equal digests."""
    assert bank.read(transfer(to="Zoe\u0308")).digest() == bank.read(transfer(to="Zo\u00eb")).digest()


@pytest.mark.parametrize(
    ("wire", "problems"),
    [
        ({"type": "transfer"}, ("`to` is missing; write it", "`amount` is missing; write it")),
        (transfer(memo="rent"), ("`memo` is not a field of this action; leave it out",)),
        (transfer(from_="savings"), ("`from_` is not a field of this action; leave it out",)),
        (transfer(needs=[]), ("`needs` is not a field of this action; leave it out",)),
        (transfer(**{"\x1b[2J" + "x" * 99: 1}), ("`\\u{1b}[2J" + "x" * 56 + "` is not a field of this action; leave it out",)),
        (transfer(currency="usd"), ('`currency` "usd" is not a currency code of ISO 4217; write one such as USD',)),
        (transfer(to=1, amount="0.001"), ("`to` must be text",)),
    ],
)
def test_every_problem_is_named(bank: Registry, wire: dict[str, Json], problems: tuple[str, ...]) -> None:
    """Missing, extra and wrong fields are all named, as plans write them and safe to show."""
    with pytest.raises(ActionInvalid) as caught:
        bank.read(wire)
    assert caught.value.problems == problems


@pytest.mark.parametrize(
    "fields",
    [
        {"count": True},
        {"count": 1.0},
        {"count": "1"},
        {"count": 2**53},
        {"count": -(2**53)},
        {"flag": 1},
        {"flag": "true"},
        {"choice": "medium"},
        {"names": "ab"},
        {"names": ["a", 1]},
        {"names": None},
        {"names": ["\x00"]},
        {"ratio": 0.5},
        {"parts": ["1", "0"]},
        {"parts": ["1.234"]},
        {"in": 5},
    ],
)
def test_no_kind_of_field_coerces(fields: dict[str, Json]) -> None:
    """A value of another type, or outside its type's range, is refused in every kind of field."""
    with pytest.raises(ActionInvalid, match=f"^`{next(iter(fields))}"):
        SAMPLES.read({"type": "sample", **fields})


def test_fields_are_described_for_rules_and_schemas() -> None:
    """Each class tells its fields' names, kinds, choices and currencies as plans write them."""
    fields = Sample.fields
    assert {name: field.kind for name, field in fields.items()} == {
        "text": Kind.TEXT,
        "choice": Kind.TEXT,
        "flag": Kind.BOOLEAN,
        "count": Kind.INTEGER,
        "ratio": Kind.DECIMAL,
        "fee": Kind.MONEY,
        "parts": Kind.MONEY,
        "names": Kind.TEXT,
        "currency": Kind.CURRENCY,
        "in": Kind.TEXT,
    }
    assert [name for name, field in fields.items() if field.optional] == ["fee", "in"]
    assert [name for name, field in fields.items() if field.many] == ["parts", "names"]
    assert (fields["fee"].currency, fields["choice"].choices, fields["in"].attribute) == ("currency", ("small", "large"), "in_")


def test_python_and_plans_name_a_keyword_field_differently(bank: Registry) -> None:
    """What plans call `from` is `from_` in Python, and both make the same action."""
    written = bank.read(transfer(**{"from": "savings"}))
    assert written == Transfer(to="Alice", amount=Decimal("150.00"), from_="savings")
    assert written.wire()["from"] == "savings"


def test_actions_are_frozen(bank: Registry) -> None:
    """A field of an action cannot be changed."""
    with pytest.raises(ValidationError, match="frozen"):
        bank.read(transfer()).to = "Mallory Ltd"  # type: ignore[attr-defined]  # a Transfer


def test_the_digest_is_stable(bank: Registry) -> None:
    """The canonical bytes and the digest of a transfer are fixed for ever (digest computed with sha256sum)."""
    action = bank.read(transfer(amount="150"))
    assert action.canonical() == b'{"amount":"150.00","currency":"USD","from":"checking","to":"Alice","type":"transfer"}'
    assert action.digest() == "f2ee298e315b8d7fccdff55eb32c12959747a856990e0189dae55abc0b6fea19"


@pytest.mark.parametrize("amount", ["150", "150.0", "150.00", 150], ids=repr)
def test_equal_amounts_have_one_digest(bank: Registry, amount: Json) -> None:
    """However an amount was written, equal amounts give the same action, bytes and digest."""
    assert bank.read(transfer(amount=amount)).digest() == bank.read(transfer()).digest()


def test_a_currency_without_decimals_is_written_without(bank: Registry) -> None:
    """150 JPY is canonical "150", and 150.00 JPY has more decimals than there are."""
    assert bank.read(transfer(amount="150", currency="JPY")).wire()["amount"] == "150"
    with pytest.raises(ActionInvalid, match=r"`amount` has more decimals than JPY has \(0\)"):
        bank.read(transfer(amount="150.00", currency="JPY"))


def test_equal_decimals_have_one_digest() -> None:
    """A decimal that is no money is written without trailing zeros."""
    first, second = (SAMPLES.read({"type": "sample", "ratio": ratio}) for ratio in ("1.500", "1.5"))
    assert first == second
    assert first.wire()["ratio"] == second.wire()["ratio"] == "1.5"


TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"]), max_size=12)
UNITS = st.integers(1, MAX_MINOR_UNITS)


@st.composite
def samples(draw: st.DrawFn) -> dict[str, Json]:
    """A valid sample action as a plan writes it."""
    currency = draw(st.sampled_from(["USD", "JPY", "KWD"]))
    money = UNITS.map(lambda units: write_money(from_minor_units(units, currency), currency))
    ratios = st.tuples(st.integers(-(10**17), 10**17), st.integers(0, 10**6)).map(lambda pair: f"{pair[0]}.{pair[1]}")
    optional: dict[str, st.SearchStrategy[Json]] = {
        "text": TEXTS,
        "choice": st.sampled_from(["small", "large"]),
        "flag": st.booleans(),
        "count": st.integers(-MAX_INTEGER, MAX_INTEGER),
        "ratio": ratios | st.integers(-(10**17), 10**17),
        "fee": st.none() | money,
        "parts": st.lists(money, max_size=3),
        "names": st.lists(TEXTS, max_size=3),
        "in": st.none() | TEXTS,
    }
    return {"type": "sample", "currency": currency} | draw(st.fixed_dictionaries({}, optional=optional))


@given(samples())
def test_an_action_is_loaded_back_from_its_canonical_bytes(wire: dict[str, Json]) -> None:
    """Loading an action's canonical bytes gives the same action with the same bytes."""
    action = SAMPLES.read(wire)
    loaded = SAMPLES.load(action.canonical())
    assert (loaded, loaded.canonical(), loaded.digest()) == (action, action.canonical(), action.digest())


def test_by_default_an_approver_sees_every_given_field(lookup: Lookup) -> None:
    """Without code of its own an action's title holds its amounts and its details every field that has a value."""
    action = SAMPLES.read({"type": "sample", "fee": "1000", "text": "hello"})
    assert action.title() == "Sample 1,000.00 USD"
    assert action.details(lookup)["text"] == "hello"
    assert "in" not in action.details(lookup)
    assert action.caution() is None
    assert action.resolve(lookup) is action


def test_only_local_actions_are_given_the_database(execution: Execution) -> None:
    """An action whose effect lies outside has no database to use."""
    outside = Execution(actor=execution.actor, key=execution.key, now=execution.now, tx=None)
    assert execution.database is execution.tx
    with pytest.raises(TypeError, match="only READ and LOCAL"):
        _ = outside.database
