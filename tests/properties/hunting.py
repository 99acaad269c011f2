"""Does a law catch a bug? Each law is hunted with one protection taken away on purpose."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.conftest import EXAMPLES

_T = TypeVar("_T")

HUNTING = settings(max_examples=32 * EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate])


def assert_caught(law: Callable[[_T], None], examples: st.SearchStrategy[_T], said: str) -> None:
    """Find an example that breaks *law*, and breaks it by what the law itself says."""
    broken: Callable[[_T], None] = law.hypothesis.inner_test  # type: ignore[attr-defined]  # documented, and in no stub

    def breaks(example: _T) -> bool:
        try:
            broken(example)
        except AssertionError as error:
            return said in str(error)
        except Exception:  # the bug was seen by something else than the law
            return False
        return False

    try:
        find(examples, breaks, settings=HUNTING)
    except NoSuchExample:
        pytest.fail(f'nothing was found that breaks the law by "{said}"')
