"""Secret: a field that shows nothing, refers by name or is committed to a value, and opens only to the right one."""

import copy
import json
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError, field_validator, model_validator

from signoff.actions import Action, Execution, Kind, Money, Names, Registry, Secret, action, secrets_in, with_secrets
from signoff.canonical import Json
from signoff.commitment import BLOCK, Opening
from signoff.errors import ActionInvalid

VALUE = "correct horse battery staple"
VALUES = st.text(st.characters(codec="utf-8"), min_size=3, max_size=200)


class Login(Action):
    """Log in."""

    type: Literal["login"] = "login"
    user: str
    password: Secret
    pin: Annotated[Secret, Names("CARD_PIN", "SPARE_PIN")] | None = None
    fee: Annotated[Decimal, Money("currency")] = Decimal(1)
    currency: str = "USD"

    @field_validator("password")
    @classmethod
    def _not_too_short(cls, password: Secret) -> Secret:
        if password.opening and len(password.reveal()) < 3:
            raise ValueError(f"is too short: {password.reveal()}")
        return password

    @model_validator(mode="after")
    def _known(self) -> "Login":
        if self.user == "nobody":
            raise ValueError("is not known")
        return self

    def run(self, execution: Execution) -> Json:
        """Do nothing."""
        return None


REGISTRY = Registry(Login)
MADE, TOKEN = Secret(VALUE), Secret.reference("TOKEN")


def login(**fields: Any) -> Login:
    return Login(**({"user": "dana", "password": VALUE} | fields))


def test_it_is_a_field_of_its_own_kind() -> None:
    """A Secret is a field of the kind SECRET, which may be left out, and may refer to some names only."""
    assert [Login.fields[name].kind for name in ("password", "pin")] == [Kind.SECRET] * 2
    assert Login.fields["pin"].optional
    assert Login.fields["pin"].choices == ("CARD_PIN", "SPARE_PIN")


@given(VALUES)
def test_nothing_that_tells_of_it_tells_its_value(value: str) -> None:
    """Text, repr, details, JSON and dumps of an action with a secret do not depend on its value."""
    one, other = login(password=value), login(password="another value")
    committed = (one.password.commitment or "", other.password.commitment or "")
    for tell in (str, repr, Login.title, lambda a: a.details(None), Action.wire, Login.model_dump, Login.model_dump_json):
        told: Callable[[Any], object] = tell
        assert str(told(one)).replace(committed[0], "") == str(told(other)).replace(committed[1], "")
    assert one.password.reveal() == value
    assert not hasattr(one.password, "__dict__")


@given(VALUES)
def test_the_commitment_binds_and_hides(value: str) -> None:
    """Equal values have other commitments each time; each is opened by its own opening and by no other."""
    one, other = Secret(value), Secret(value)
    assert one.opening is not None
    assert other.opening is not None
    assert one.commitment != other.commitment
    assert login(password=one).digest() != login(password=other).digest()
    assert one.closed().opened(one.opening).reveal() == value
    with pytest.raises(ValueError, match="not the value that was decided"):
        one.closed().opened(other.opening)
    with pytest.raises(ValueError, match="not the value that was decided"):
        one.closed().opened(Opening(value=f"{value}x", salt=one.opening.salt))


@given(VALUES)
def test_an_opening_is_read_as_it_was_written(value: str) -> None:
    """What an opening writes is padded to a multiple of a block, gives the same opening, and no other bytes do."""
    opening = Opening.of(value)
    data = opening.to_bytes()
    assert len(data) % BLOCK == 0
    assert Opening.from_bytes(data) == opening
    for wrong in (data[:-1], data + b"\0", data[:-1] + b"\1", b"", data + bytes(BLOCK)):
        if wrong != data:
            with pytest.raises(ValueError, match=r".*"):
                Opening.from_bytes(wrong)


def test_a_stored_action_is_read_without_its_values() -> None:
    """The canonical bytes give the same action back, whose values nobody can reveal until they are put back."""
    made = login(pin={"secret": "CARD_PIN"})
    loaded = REGISTRY.load(made.canonical())
    assert loaded == made
    assert VALUE.encode() not in made.canonical()
    for secret in secrets_in(loaded).values():
        with pytest.raises(ValueError, match="only `run` and `probe` are given it"):
            secret.reveal()
    opened = with_secrets(loaded, {"password": made.password})
    assert opened.digest() == made.digest()
    assert secrets_in(opened)["password"].reveal() == VALUE


@pytest.mark.parametrize(
    "fields",
    [
        {"user": "nobody"},
        {"fee": Decimal(0)},
        {"user": 5},
        {"extra": "x"},
        {"password": [VALUE]},
        {"password": {VALUE: VALUE}},
        {"password": {"secret": VALUE}},
        {"password": {"secret": "NAME", "value": VALUE}},
        {"password": {"commitment": VALUE}},
        {"pin": {"secret": "OTHER"}, "user": 7},
        {"password": 1234567890123},
        {"password": "xx"},
        {"password": VALUE * 1000},
        {"password": VALUE + "\ud800"},
    ],
)
def test_no_error_repeats_it(fields: dict[str, Any]) -> None:
    """Whatever is wrong, an error neither shows nor holds what was given for a secret."""
    given = {"type": "login", "user": "dana", "password": VALUE} | fields
    makes: tuple[Callable[[], Action], ...] = (lambda: Login(**given), lambda: Login.model_validate(given))
    for make in makes:
        with pytest.raises(ValidationError) as caught:
            make()
        told = str(caught.value) + repr(caught.value.errors()) + caught.value.json()
        assert VALUE not in told
        assert "1234567890123" not in told
    with pytest.raises(ActionInvalid) as refused:
        REGISTRY.read(given)
    assert VALUE not in str(refused.value)


def test_a_validator_of_ones_own_does_not_give_it_away() -> None:
    """What a validator says of a value is told without the value, where that is long enough to be told apart."""

    class Strict(Login):
        type: Literal["strict"] = "strict"  # type: ignore[assignment]  # another type

        @field_validator("password")
        @classmethod
        def _refuse(cls, password: Secret) -> Secret:
            raise ValueError(f"{password.reveal()} is in a list of known passwords")

    with pytest.raises(ActionInvalid) as caught:
        Registry(Strict).read({"type": "strict", "user": "dana", "password": VALUE})
    assert list(caught.value.problems) == ["`password` *** is in a list of known passwords"]


def test_a_reference_names_what_is_looked_up() -> None:
    """A reference is written and shown by its name, which holds nothing that a path or a variable could not."""
    made = login(password={"secret": "BANK_TOKEN"})
    assert made.wire()["password"] == {"secret": "BANK_TOKEN"}
    assert made.details(None)["password"] == "the secret BANK_TOKEN"  # type: ignore[arg-type]  # it looks nothing up
    assert made.password == Secret.reference("BANK_TOKEN")
    for name in ("", "../x", "a b", "a/b", "1", "x" * 65, "é", "A\n", ".", None, 5):
        with pytest.raises(ValidationError, match="must be"):
            login(password={"secret": name})


def test_it_is_not_written_down_by_copying() -> None:
    """A Secret is not pickled; a copy of it is itself."""
    secret = Secret(VALUE)
    assert copy.deepcopy(secret) is copy.copy(secret) is secret
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(secret)


def test_a_value_does_not_belong_into_code() -> None:
    """A default value, and a list of secrets, are refused where the class is made; a reference may be a default."""
    with pytest.raises(TypeError, match="a value does not belong into code"):

        @action
        def leak(token: Secret = MADE) -> None:
            """Has its value in its code."""

    with pytest.raises(TypeError, match="write a field for each"):

        @action
        def many(tokens: tuple[Secret, ...]) -> None:
            """Has several."""

    @action
    def fine(token: Secret = TOKEN) -> str:
        """Refers to one."""
        return token.reveal()

    assert fine.model_validate({}).wire() == {"type": "fine", "token": {"secret": "TOKEN"}}
