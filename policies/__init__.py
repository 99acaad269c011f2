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
    from .review import review_policy as review_policy
    from .rule import Rule as Rule
    from .schema import policy_schema as policy_schema
    from .seating import Seating as Seating
    from .seating import fill_seats as fill_seats

__all__ = [
    "CAUTION",
    "DEFAULT_WITHIN",
    "PERSON",
    "Case",
    "Context",
    "CounterValue",
    "Decision",
    "DecisionEffect",
    "Diagnostic",
    "Explanation",
    "Invariant",
    "PoliciesInvalid",
    "Policy",
    "PolicyChange",
    "Rule",
    "Seat",
    "Seating",
    "Severity",
    "StandIn",
    "compare_policies",
    "fill_seats",
    "format_diagnostic",
    "load_policy",
    "parse_policy",
    "policy_schema",
    "review_policy",
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
        "review": ["review_policy"],
        "rule": ["Rule"],
        "schema": ["policy_schema"],
        "seating": ["Seating", "fill_seats"],
    },
)
