"""`@action` and `class ...(Action)` make the same kind of class."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from signoff.actions import Action, Effect, Execution, Money, Registry, action
from signoff.canonical import Json
from signoff.errors import ActionInvalid


@action
def append_line(path: str, line: str, fee: Annotated[Decimal, Money("currency")] | None = None, currency: str = "USD") -> Json:
    """Append a line to a file: an effect outside the database, that nothing can take back or look up."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    return {"path": path}


class AppendLine(Action):
    """Append a line to a file: an effect outside the database, that nothing can take back or look up."""

    type: Literal["append_line"] = "append_line"
    path: str
    line: str
    fee: Annotated[Decimal, Money("currency")] | None = None
    currency: str = "USD"

    def run(self, execution: Execution) -> Json:
        """Write the line at the end."""
        with Path(self.path).open("a", encoding="utf-8") as file:
            file.write(self.line + "\n")
        return {"path": self.path}


WIRE: dict[str, Json] = {"type": "append_line", "path": "notes.txt", "line": "hello", "fee": "2"}


def test_both_ways_describe_the_same_action() -> None:
    """A decorated function and a class have the same fields, effect, text and schema."""
    assert append_line.fields == AppendLine.fields
    assert append_line.effect is AppendLine.effect is Effect.OPAQUE
    assert append_line.__name__ == AppendLine.__name__
    assert append_line.__doc__ == AppendLine.__doc__
    assert append_line.model_json_schema() == AppendLine.model_json_schema()


def test_both_ways_read_the_same_action() -> None:
    """A decorated function and a class read one plan as the same canonical bytes, and refuse the same mistakes."""
    decorated, written = Registry(append_line), Registry(AppendLine)
    assert decorated.read(WIRE).canonical() == written.read(WIRE).canonical()
    assert decorated.read(WIRE).title() == written.read(WIRE).title() == "Append line 2.00 USD"
    mistakes: list[dict[str, Any]] = [WIRE | {"fee": 2.5}, WIRE | {"extra": 1}, WIRE | {"line": None}, {"type": "append_line"}]
    for wrong in mistakes:
        with pytest.raises(ActionInvalid) as first:
            decorated.read(wrong)
        with pytest.raises(ActionInvalid) as second:
            written.read(wrong)
        assert first.value.problems == second.value.problems


@pytest.mark.parametrize("made", [append_line, AppendLine], ids=["decorated", "written"])
def test_both_ways_run(made: type[Action], tmp_path: Path, execution: Execution) -> None:
    """Running an OPAQUE action does what its code says, outside the database."""
    file = tmp_path / "notes.txt"
    found = Registry(made).read(WIRE | {"path": str(file)})
    assert [found.run(execution), found.run(execution)] == [{"path": str(file)}] * 2
    assert file.read_text() == "hello\nhello\n"


def test_a_first_parameter_is_given_the_execution(execution: Execution) -> None:
    """A parameter annotated Execution is no field; the running function gets the execution there."""

    @action(effect=Effect.LOCAL)
    def tell_key(execution: Execution, prefix: str = "key") -> Json:
        """Tell the idempotency key."""
        return f"{prefix} {execution.key}"

    assert tell_key.effect is Effect.LOCAL
    assert list(tell_key.fields) == ["prefix"]
    assert Registry(tell_key).read({"type": "tell_key"}).run(execution) == "key the-key"


def test_parameters_that_python_has_taken_keep_their_name_in_plans(execution: Execution) -> None:
    """A parameter named like a keyword or like a method of Action is a field of that name."""

    @action
    def send(from_: str, title: str) -> Json:
        """Send a title."""
        return f"{from_}: {title}"

    found = Registry(send).read({"type": "send", "from": "dana", "title": "Hello"})
    assert found.run(execution) == "dana: Hello"
    assert found.wire() == {"type": "send", "from": "dana", "title": "Hello"}


def test_parameters_without_a_type_are_refused() -> None:
    """A parameter needs a type and a name, or there is nothing to check a plan against."""

    def untyped(path, line: str) -> Json:  # type: ignore[no-untyped-def]  # that is the point
        return line

    def starred(*lines: str) -> Json:
        return list(lines)

    for function, parameter in ((untyped, "path"), (starred, "lines")):
        with pytest.raises(TypeError, match=f"the parameter `{parameter}` needs a name and a type"):
            action(function)


def test_a_parameter_cannot_be_the_type() -> None:
    """A parameter called `type` would hide the action's own type and is refused by name."""

    def convert(type: str) -> Json:
        return type

    with pytest.raises(TypeError, match="a field cannot be named `type`; rename it"):
        action(convert)
