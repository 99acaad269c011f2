"""Whatever becomes of a policies file, it loads, or a report says why not and where: see target.py."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import seeds, target

FOUND = sorted((Path(__file__).parent / "found").iterdir())
EXAMPLES = 6  # times as many as other laws have
_TOKENS = re.compile(r"\w+|\s|[^\w\s]")


def _tokens(text: str) -> list[str]:
    return _TOKENS.findall(text)


FILES = [_tokens(text.decode()) for text in seeds.files()]
CONDITIONS = [_tokens(text.decode()) for text in seeds.conditions()]


@st.composite
def mutated(draw: st.DrawFn, texts: list[list[str]]) -> str:
    """One of *texts* with some tokens deleted, doubled, swapped, replaced or put in."""
    tokens = list(draw(st.sampled_from(texts)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(tokens)))
        end = min(len(tokens), start + draw(st.integers(0, 5)))
        other = draw(st.integers(0, len(tokens)))
        match draw(st.sampled_from(["delete", "double", "move", "write", "borrow"])):
            case "delete":
                del tokens[start:end]
            case "double":
                tokens[other:other] = tokens[start:end] * draw(st.integers(1, 3))
            case "move":
                moved = tokens[start:end]
                del tokens[start:end]
                tokens[other:other] = moved
            case "write":
                tokens[start:end] = [draw(st.sampled_from(seeds.WORDS) | st.text(max_size=8))]
            case "borrow":
                lent = draw(st.sampled_from(texts))
                place = draw(st.integers(0, len(lent)))
                tokens[start:end] = lent[place : place + draw(st.integers(1, 30))]
    return "".join(tokens)


@settings(max_examples=settings.default.max_examples * EXAMPLES)  # type: ignore[union-attr]  # a profile is loaded
@given(mutated(FILES))
def test_a_changed_file_loads_or_is_reported(text: str) -> None:
    """A file in which tokens were deleted, doubled, moved, replaced or put in."""
    target.check(text.encode("utf-8", "surrogatepass"))


@settings(max_examples=settings.default.max_examples * EXAMPLES)  # type: ignore[union-attr]  # a profile is loaded
@given(mutated(CONDITIONS), st.sampled_from(seeds.TYPES))
def test_a_changed_condition_loads_or_is_reported(condition: str, types: str) -> None:
    """A condition in which tokens were deleted, doubled, moved, replaced or put in."""
    target.check(target.file_of(condition, types))


@given(st.text(max_size=200) | st.text(alphabet="ab:-?[]{},&*!|>'\"%@` \n#~<0.1=()+", max_size=200), st.sampled_from(seeds.TYPES))
def test_any_condition_loads_or_is_reported(condition: str, types: str) -> None:
    """Any text at all as a condition."""
    target.check(target.file_of(condition, types))


@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(str.encode)
    | st.sampled_from(seeds.files()).map(lambda f: f[:-7] + b"\xff")
)
def test_any_file_loads_or_is_reported(data: bytes) -> None:
    """Any bytes at all as a file."""
    target.check(data)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_fuzzing_found(path: Path) -> None:
    """Inputs that broke something once, or that reach far into the code."""
    data = path.read_bytes()
    if path.name.startswith("condition"):
        for types in seeds.TYPES:
            target.check(target.file_of(data.decode("utf-8", "surrogateescape"), types))
    else:
        target.check(data)


def test_the_laws_can_be_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that places something outside of the file is caught."""
    monkeypatch.setattr(target, "format_diagnostic", lambda found: f"{found.message}\n\n\n")
    with pytest.raises(AssertionError):
        target.check(b"a: b\n")
