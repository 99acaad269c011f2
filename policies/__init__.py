"""Policies: rules written in YAML, checked against the actions, compiled. Action in, Decision out."""

from typing import TYPE_CHECKING

from signoff.lazy import front_door

if TYPE_CHECKING:
    from .cases import Case as Case
    from .changes import PolicyChange as PolicyChange
    from .changes import compare_policies as compare_policies
    from .decision import CAUTION as CAUTION
    from .decision import DEFAULT_WITHIN as DEFAULT_WITHIN
    from .decision import PERSON as PERSON
    from .decision import Context as Context
    from .decision import CounterValue as CounterValue
    from .decision import Decision as Decision
    from .decision import DecisionEffect as DecisionEffect
    from .decision import Explanation as Explanation
    from .decision import Seat as Seat
    from .decision import StandIn as StandIn
    from .diagnostics import Diagnostic as Diagnostic
    from .diagnostics import PoliciesInvalid as PoliciesInvalid
    from .diagnostics import Severity as Severity
    from .diagnostics import format_diagnostic as format_diagnostic
    from .invariants import Invariant as Invariant
    from .loading import load_policy as load_policy
    from .loading import parse_policy as parse_policy
    from .policy import Policy as Policy
    from .prover import DeadRule as DeadRule
    from .prover import Example as Example
    from .prover import Finding as Finding
    from .prover import Outcome as Outcome
    from .prover import Proof as Proof
    from .prover import find_dead_rules as find_dead_rules
    from .prover import find_difference as find_difference
    from .prover import prove as prove
    from .prover import prover_installed as prover_installed
    from .rule import Rule as Rule
    from .seating import Seating as Seating
    from .seating import fill_seats as fill_seats

__all__ = [
    "CAUTION",
    "DEFAULT_WITHIN",
    "PERSON",
    "Case",
    "Context",
    "CounterValue",
    "DeadRule",
    "Decision",
    "DecisionEffect",
    "Diagnostic",
    "Example",
    "Explanation",
    "Finding",
    "Invariant",
    "Outcome",
    "PoliciesInvalid",
    "Policy",
    "PolicyChange",
    "Proof",
    "Rule",
    "Seat",
    "Seating",
    "Severity",
    "StandIn",
    "compare_policies",
    "fill_seats",
    "find_dead_rules",
    "find_difference",
    "format_diagnostic",
    "load_policy",
    "parse_policy",
    "prove",
    "prover_installed",
]

__getattr__ = front_door(
    __name__,
    {
        "cases": ["Case"],
        "changes": ["PolicyChange", "compare_policies"],
        "decision": [
            *("CAUTION", "DEFAULT_WITHIN", "PERSON", "Context", "CounterValue", "Decision", "DecisionEffect", "Explanation"),
            *("Seat", "StandIn"),
        ],
        "diagnostics": ["Diagnostic", "PoliciesInvalid", "Severity", "format_diagnostic"],
        "invariants": ["Invariant"],
        "loading": ["load_policy", "parse_policy"],
        "policy": ["Policy"],
        "prover": [
            *("DeadRule", "Example", "Finding", "Outcome", "Proof"),
            *("find_dead_rules", "find_difference", "prove", "prover_installed"),
        ],
        "rule": ["Rule"],
        "seating": ["Seating", "fill_seats"],
    },
)
