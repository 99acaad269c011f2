"""Where the values of an action stand: in the user's own words, in what a planner was given beside them, or nowhere."""

import re

from .decision import Context

REQUEST, NONE = "request", "none"  # what `source_of` calls the user's own words, and what stands nowhere
MAX_SOURCE = 64  # characters of a source's name

SOURCE = f"[a-z][a-z0-9_:.-]{{0,{MAX_SOURCE - 1}}}"  # as a pattern

_matches = re.compile(SOURCE).fullmatch


def is_source(text: str) -> bool:
    """Whether `source_of` can be *text*, by its form: `invoice`, `email:4711`, and `request` and `none` as well."""
    return _matches(text) is not None


def source_of(context: Context, name: str) -> str:
    """Where the value of the field *name* stands; `request` where the user wrote it, and only there."""
    if name in context.grounded:
        return REQUEST
    source = context.sources.get(name, NONE)
    return NONE if source == REQUEST else source


def is_trusted(context: Context, name: str) -> bool:
    """Whether the value of the field *name* stands in the request or in a trusted context: what stands nowhere never is."""
    return name in context.grounded or (name in context.trusted and source_of(context, name) != NONE)
