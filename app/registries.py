"""Which actions there are: the demo bank's, or those of a program of one's own."""

import sys
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path

from signoff.actions import Registry, bank_registry

from .errors import UsageError


def load_registry(named: str | None) -> Registry:
    """The registry *named* `MODULE:NAME`, whose module may lie in the working folder; without a name the demo bank's.

    The module's code runs: whoever names it is trusted as much as whoever starts the program. Raises UsageError.
    """
    if named is None:
        return bank_registry()
    module, _, name = named.partition(":")
    if not (module and name):
        raise UsageError(f'--actions is "{named[:80]}"; write MODULE:NAME, such as mail:registry')
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last, so that a file here hides no module of Python or of a library
    try:
        with redirect_stdout(sys.stderr):  # what it prints is no output of the command
            found = getattr(import_module(module), name, None)
    except (Exception, SystemExit) as error:  # whatever the code of that module does
        raise UsageError(f'--actions: "{module[:80]}" cannot be imported: {type(error).__name__}: {error}') from error
    if not isinstance(found, Registry):
        what = "there is none" if found is None else f"it is a {type(found).__name__}"
        raise UsageError(f'--actions: "{name[:80]}" in "{module[:80]}" must be a Registry, and {what}')
    return found
