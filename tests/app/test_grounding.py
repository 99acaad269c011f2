"""Groundedness: which values of an action the user really wrote."""

import pytest

from signoff.actions import bank_registry
from signoff.grounding import grounded_fields

TRANSFER = bank_registry().read({"type": "transfer", "to": "Mallory Ltd", "amount": "150.00", "from": "savings"})


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ("send $150 to Mallory Ltd from my savings", {"to", "amount", "currency", "from"}),
        ("SEND 150.00 usd to mallory   LTD", {"to", "amount", "currency"}),
        ("send one hundred and fifty dollars to Mallory Ltd.", {"to", "amount", "currency"}),
        ("send 150 to Маllory Ltd", {"to", "amount"}),  # a Cyrillic M and a
        ("send 1500 to Mallory Ltdx", set()),
        ("send 1,150 to Mallory", set()),
        ("send 0.150 to Ltd Mallory", set()),
        ("send -150 to mallory-ltd", {"to"}),
        ("", set()),
    ],
)
def test_values_are_found_as_whole_words(request_: str, found: set[str]) -> None:
    """A value is found where it stands as whole words, however it is spelt, and not inside another one."""
    assert grounded_fields(TRANSFER, request_) == found


def test_no_request_grounds_nothing() -> None:
    """Where no user wrote anything, no value comes from the user."""
    assert grounded_fields(TRANSFER, None) == frozenset()


def test_hostile_request_takes_linear_time() -> None:
    """A request as long as is accepted is searched at once, whatever it holds."""
    for piece in ("mallory ", "150 ", "one hundred and ", "$", "Ltd-"):
        assert "from" not in grounded_fields(TRANSFER, piece * (10_000 // len(piece)))
