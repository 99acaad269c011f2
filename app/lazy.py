"""Front doors that import a module only when one of its names is asked for.

A command that plans nothing must not pay for pydantic, yaml or a model's client.
This module is a leaf: every folder may import it.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def front_door(package: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """A module-level `__getattr__` for *package*, whose modules hold *names* (PEP 562)."""
    modules = {name: module for module, held in names.items() for name in held}

    def __getattr__(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return __getattr__
