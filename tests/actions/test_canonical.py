"""Canonical JSON: the same bytes as RFC 8785 on its profile, and nothing outside it."""

import json

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from signoff.canonical import MAX_INTEGER, Json, canonical, digest, parse

KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
VALUES: st.SearchStrategy[Json] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)
OUTSIDE = st.sampled_from([1.5, float("nan"), 2**53, -(2**53), b"bytes", {"é": 1}, {1: 1}, "\ud800", {"set"}, object(), 10**400])


@given(VALUES)
def test_bytes_are_those_of_rfc_8785(value: Json) -> None:
    """On the profile the canonical bytes are exactly what an independent RFC 8785 library writes."""
    assert canonical(value) == rfc8785.dumps(value)


@given(OUTSIDE, VALUES, st.sampled_from(["bare", "list", "object"]))
def test_values_outside_the_profile_are_refused(bad: Json, good: Json, place: str) -> None:
    """A value outside the profile is a ValueError, however deep it sits."""
    wrapped: Json = {"bare": bad, "list": [good, [bad]], "object": {"good": good, "bad": {"in": bad}}}[place]
    with pytest.raises(ValueError, match="no canonical JSON"):
        canonical(wrapped)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_an_object_is_parsed_back_from_its_bytes(value: dict[str, Json]) -> None:
    """Parsing the canonical bytes of an object gives an equal object."""
    assert parse(canonical(value)) == value


WRITTEN: st.SearchStrategy[object] = st.recursive(  # any JSON, in the profile or not
    LEAVES | st.floats() | st.integers(-(2**64), 2**64),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=4), WRITTEN, max_size=4))
def test_bytes_are_parsed_exactly_where_they_are_canonical(value: dict[str, object]) -> None:
    """Whatever JSON a file holds, it is taken where writing its value again gives the same bytes, and refused elsewhere."""
    try:
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        right = canonical(orjson.loads(data)) == data
    except ValueError:
        right = False
        data = json.dumps(value).encode()
    if right:
        assert parse(data) == value
    else:
        with pytest.raises(ValueError, match=r"."):
            parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":[{"b":[1.5]}]}',
        b'{"a":{"b":"1.5","c":-0.5}}',
        b'{"a":9007199254740992}',
        b'{"a":[-9007199254740992]}',
        b'{"a":18446744073709551615}',
        '{"é":1}'.encode(),
        b'{"\\u00e9":1}',
        b'{"a":"\\u0041"}',
        b'"text"',
        b"[]",
        b"{",
        b"",
        b"\xff",
        b'{"a":NaN}',
        b'{"a":' + b"[" * 1020 + b"]" * 1020 + b"}",
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    """Bytes that are not exactly the canonical JSON of an object are a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        parse(data)


def test_digest_is_sha_256() -> None:
    """A digest is SHA-256 in lower-case hexadecimal (the empty input's is in FIPS 180-4's examples)."""
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
