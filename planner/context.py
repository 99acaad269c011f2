"""Context: what a planner is given beside the user's words, such as a bill or an e-mail. It is not the user's word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from signoff.actions import show_text
from signoff.errors import PlanInvalid

from .characters import character_problem

MAX_CONTEXTS = 20  # beside one request
MAX_CONTEXT = 50_000  # characters of all of them together
REQUEST, NONE = "request", "none"  # what a policy calls the user's own words, and what stands nowhere

_SOURCE = re.compile(r"[a-z][a-z0-9_:.-]{0,63}")


class Trust(StrEnum):
    """Who could have written a context."""

    TRUSTED = "trusted"  # only systems of one's own, such as the bank's list of payees
    UNTRUSTED = "untrusted"  # anybody: an e-mail, a web page, a document, most results of tools


@dataclass(frozen=True, kw_only=True)
class Context:
    """A text that a planner is given beside the request."""

    source: str  # what it is, for policies and people: "invoice", "email:4711"; lower case, at most 64 characters
    text: str
    trust: Trust = Trust.UNTRUSTED


def check_context(context: Sequence[Context]) -> None:
    """Raises PlanInvalid for contexts that cannot be taken: too many, too long, or with sources that cannot be told apart,
    and, as in requests, with half a character, or more than 30 accents on one letter."""
    if len(context) > MAX_CONTEXTS:
        raise PlanInvalid([f"the request comes with {len(context):,} contexts; at most {MAX_CONTEXTS} are accepted"])
    size = sum(len(one.text) for one in context)
    if size > MAX_CONTEXT:
        raise PlanInvalid([f"the contexts hold {size:,} characters; at most {MAX_CONTEXT:,} are accepted, so shorten them"])
    problems = [problem for one in context if (problem := _problem(one)) is not None]
    sources = [one.source for one in context]
    problems += [f'two contexts have the source "{name}"; name each by its own' for name in {*sources} if sources.count(name) > 1]
    if problems:
        raise PlanInvalid(problems)


def _problem(context: Context) -> str | None:
    if context.source in (REQUEST, NONE):
        return f'"{context.source}" cannot name a source, since rules mean something else by it; write another, such as invoice'
    if not _SOURCE.fullmatch(context.source):
        return f'"{show_text(context.source[:64])}" cannot name a source; write lower case, such as invoice or email:4711'
    if not isinstance(context.trust, Trust):
        return f"the context {context.source} has the trust {str(context.trust)[:20]!a}; say Trust.TRUSTED or Trust.UNTRUSTED"
    problem = character_problem(context.text)
    return None if problem is None else f"the context {context.source} holds {problem}"
