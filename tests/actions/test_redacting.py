"""Redaction: an action's secrets are taken out of what its code returns and says, in whatever form they are written."""

import base64
import json
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.actions import Effect, Ending, Execution, Redaction, Result, Secret, action, ask_action, run_action
from signoff.actions.redacting import MAX_TEXT
from signoff.actor import Actor
from signoff.testing import FakeClock

VALUE = 'p"ss wörd/+&\\ 9'
LONG = st.text(st.characters(codec="utf-8"), min_size=8, max_size=60)
EXECUTION = Execution(actor=Actor(id="dana"), key="k", now=FakeClock()(), tx=None)

FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in a word": lambda value: f"x{value}x",
    "json": json.dumps,
    "json as it is": lambda value: json.dumps(value, ensure_ascii=False),
    "repr": repr,
    "ascii": ascii,
    "hex": lambda value: value.encode().hex(),
    "HEX": lambda value: value.encode().hex().upper(),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "basic": lambda value: base64.b64encode(f"dana:{value}".encode()).decode(),
    "base64 after 1": lambda value: base64.b64encode(f"d{value}tail".encode()).decode(),
    "base64 after 2": lambda value: base64.urlsafe_b64encode(f"dd{value}tail".encode()).decode(),
    "url": urllib.parse.quote,
    "query": urllib.parse.quote_plus,
}


def core(form: str, value: str) -> str:
    """What of *form* is the value's own, and no other's."""
    return FORMS[form](value).strip("\"'").rstrip("=")[6:-6]


@pytest.mark.parametrize("form", FORMS)
@given(value=LONG)
def test_a_long_value_is_found_in_every_form(form: str, value: str) -> None:
    """A value of eight characters or more is taken out wherever it stands, also encoded with what is around it."""
    text = f"before {FORMS[form](value)} after"
    hidden = Redaction(value).text(text)
    assert "***" in hidden
    if len(set(core(form, value))) > 3:
        assert core(form, value) not in hidden


def test_a_short_value_is_found_as_a_word() -> None:
    """Of four to seven characters it is found where it stands alone; shorter ones are not looked for."""
    pin = Redaction("1234")
    assert pin.text("PIN 1234 is wrong: '1234', 1234.") == "PIN *** is wrong: '***', ***."
    assert pin.text("order 51234, 12345") == "order 51234, 12345"
    assert pin.json({"pin": 1234, "order": 12345, "1234": ["1234", True, None]}) == {
        "pin": "***",
        "order": 12345,
        "***": ["***", True, None],
    }
    assert Redaction("123").text("123") == "123"


def test_what_an_action_gives_is_told_without_its_secrets() -> None:
    """Results, errors, and what a receiver answers hold `***` where the value stood; also where an error is cut."""

    def shout(token: Secret, how: str) -> object:
        value = token.reveal()
        match how:
            case "return":
                return {"token": value, "told": [f"Bearer {value}"]}
            case "odd":
                return {value: 1}
            case "cut":
                raise ValueError("x" * 995 + value)
        raise ValueError(f"{value} was refused")

    def asked(token: Secret, how: str) -> bool:
        raise ValueError(f"{token.reveal()} is not known")

    made = action(effect=Effect.PROBE, probe=asked)(shout)  # type: ignore[arg-type]  # their fields differ

    def run(how: str) -> Result:
        return run_action(made.model_validate({"token": VALUE, "how": how}), EXECUTION)

    assert run("return").value == {"token": "***", "told": ["Bearer ***"]}
    assert "is not an ASCII string" in str(run("odd").error)
    assert run("fail").error == "ValueError: *** was refused"
    for how in ("return", "odd", "cut", "fail"):
        assert VALUE[:5] not in repr(run(how))
    answer = ask_action(made.model_validate({"token": VALUE, "how": ""}), EXECUTION)
    assert (answer.ending, answer.error) == (Ending.IN_DOUBT, "the receiver did not say: ValueError: *** is not known")


def test_what_is_searched_is_bounded() -> None:
    """Of a text that is longer than what is searched, no half of a value is left at its end."""
    text = VALUE * (MAX_TEXT // len(VALUE) + 2)
    hidden = Redaction(VALUE).text(text)
    assert set(hidden) == {"*"}
    assert len(hidden) <= 3 * (len(text) // len(VALUE))
