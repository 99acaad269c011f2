"""`@action`: an Action class from a typed function."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from inspect import Parameter, signature
from types import new_class
from typing import Any, Literal, TypeAlias, get_type_hints, overload

from signoff.canonical import Json

from .effect import Effect, Retry
from .model import Action, Execution

Function: TypeAlias = Callable[..., Json]
_RETRY = Retry()


@overload
def action(function: Function, /) -> type[Action]: ...
@overload
def action(
    *,
    effect: Effect,
    window: timedelta | None = None,
    timeout: float | None = None,
    retry: Retry = _RETRY,
    probe: Callable[..., bool | None] | None = None,
) -> Callable[[Function], type[Action]]: ...
def action(
    function: Function | None = None,
    /,
    *,
    effect: Effect = Effect.OPAQUE,
    window: timedelta | None = None,
    timeout: float | None = None,
    retry: Retry = _RETRY,
    probe: Callable[..., bool | None] | None = None,
) -> type[Action] | Callable[[Function], type[Action]]:
    """Make an Action class from a typed function.

    The function's name becomes the `type`, its parameters the fields, its docstring the class's.
    A first parameter annotated `Execution` is given the execution and is no field. *probe* has the same parameters, and
    asks the receiver of a PROBE action whether it happened.
    """
    declared = {"effect": effect, "window": window, "timeout": timeout, "retry": retry}
    if function is None:
        return lambda function: _action(function, declared, probe)
    return _action(function, declared, probe)


def _action(function: Function, declared: Mapping[str, object], probe: Callable[..., bool | None] | None) -> type[Action]:
    hints = get_type_hints(function, include_extras=True)
    parameters = list(signature(function).parameters.values())
    takes_execution = bool(parameters) and hints.get(parameters[0].name) is Execution
    fields = parameters[1:] if takes_execution else parameters
    for parameter in fields:
        if parameter.name not in hints or parameter.kind not in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY):
            raise TypeError(f"{function.__name__}: the parameter `{parameter.name}` needs a name and a type")
    if probe is not None and list(signature(probe).parameters) != [parameter.name for parameter in parameters]:
        raise TypeError(f"{function.__name__}: its probe must have the same parameters")

    attributes = [(field.name, _attribute(field.name)) for field in fields]

    def method(called: Callable[..., Any]) -> Callable[[Action, Execution], Any]:
        def call(self: Action, execution: Execution) -> Any:
            values = {name: getattr(self, attribute) for name, attribute in attributes}
            return called(execution, **values) if takes_execution else called(**values)

        return call

    name = function.__name__
    namespace = {
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__doc__": function.__doc__,
        "__annotations__": {"type": Literal[name]} | {_attribute(field.name): hints[field.name] for field in fields},
        "type": name,
        **declared,
        "run": method(function),
    }
    if probe is not None:
        namespace["probe"] = method(probe)
    namespace |= {_attribute(field.name): field.default for field in fields if field.default is not Parameter.empty}
    made = new_class(
        "".join(part.capitalize() for part in name.split("_")), (Action,), exec_body=lambda body: body.update(namespace)
    )
    assert issubclass(made, Action)
    return made


def _attribute(parameter: str) -> str:
    return f"{parameter}_" if parameter in dir(Action) or parameter in Action.model_fields else parameter
