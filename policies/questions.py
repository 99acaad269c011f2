"""Questions about all actions of one type, under one policy or several. Imported only where the solver is there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .logic import Truth
from .policy import Policy
from .prover import Finding, Verdict
from .solver_search import Confirm, Ending, Search
from .symbolic_decision import Judging, symbols_for

_OUTCOMES = {Ending.NONE: Verdict.PROVED, Ending.FOUND: Verdict.REFUTED}
_REASONS = {Ending.TIMEOUT: "the solver gave no answer in time", Ending.UNCONFIRMED: "no action that was tried confirms it"}


@dataclass(frozen=True)
class Question:
    """Asks whether there is an action of one type, and a context, of which something is true."""

    judged: Sequence[Judging]  # one for each policy
    search: Search
    opaque: frozenset[str]  # what could not be encoded of their rules

    @classmethod
    def about(cls, type_: str, *policies: Policy) -> "Question":
        """About actions of *type_* under *policies*, loaded for one registry."""
        symbols = symbols_for(type_, *policies)
        judged = tuple(Judging.of(policy, symbols, number) for number, policy in enumerate(policies))
        for judging in judged:
            assert judging.effects  # all rules are encoded now
        return cls(judged, Search(symbols, policies[0].currency), frozenset(symbols.opaque))

    def ask(self, wanted: Callable[..., Truth], confirm: Confirm, *, everyday: bool = True) -> Finding:
        """Whether there is one of which *wanted* is true, given what is judged; and that *confirm* accepts.

        What is found has *everyday* values as far as can be, which takes some more questions.
        """
        symbols = self.search.symbols
        symbols.opaque = set(self.opaque)
        found = self.search.find(wanted(*self.judged), confirm, everyday=everyday)
        return Finding(
            outcome=_OUTCOMES.get(found.ending, Verdict.UNKNOWN),
            action=found.action,
            context=found.context,
            opaque=tuple(sorted(symbols.opaque)),
            reason=_REASONS.get(found.ending, ""),
        )
