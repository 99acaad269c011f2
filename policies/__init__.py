"""Policies: rules written in YAML, checked against the actions, compiled. Action in, Decision out."""

from typing import TYPE_CHECKING

from signoff.lazy import front_door

if TYPE_CHECKING:
    from .cases import Case as Case
    from .changes import PolicyChange as PolicyChange
    from .changes import compare_policies as compare_policies
    from .dates import time_zone as time_zone
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
    from .differences import Differences as Differences
    from .differences import Way as Way
    from .differences import find_differences as find_differences
    from .invariants import Invariant as Invariant
    from .loading import load_policy as load_policy
    from .loading import parse_policy as parse_policy
    from .nearest import NearChange as NearChange
    from .nearest import Nearest as Nearest
    from .nearest import nearest_changes as nearest_changes
    from .consequences import Consequence as Consequence
    from .consequences import lets_through as lets_through
    from .policy import Policy as Policy
    from .rule import Rule as Rule
    from .seating import Seating as Seating
    from .seating import fill_seats as fill_seats
    from .situations import PartValue as PartValue
    from .situations import Situation as Situation
    from .unmet import Unmet as Unmet

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
    "Differences",
    "Explanation",
    "Invariant",
    "NearChange",
    "Nearest",
    "Consequence",
    "PartValue",
    "PoliciesInvalid",
    "Policy",
    "PolicyChange",
    "Rule",
    "Seat",
    "Seating",
    "Severity",
    "Situation",
    "StandIn",
    "Unmet",
    "Way",
    "compare_policies",
    "fill_seats",
    "find_differences",
    "format_diagnostic",
    "lets_through",
    "load_policy",
    "nearest_changes",
    "parse_policy",
    "time_zone",
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
        "dates": ["time_zone"],
        "diagnostics": ["Diagnostic", "PoliciesInvalid", "Severity", "format_diagnostic"],
        "differences": ["Differences", "Way", "find_differences"],
        "invariants": ["Invariant"],
        "loading": ["load_policy", "parse_policy"],
        "nearest": ["NearChange", "Nearest", "nearest_changes"],
        "consequences": ["Consequence", "lets_through"],
        "policy": ["Policy"],
        "rule": ["Rule"],
        "seating": ["Seating", "fill_seats"],
        "situations": ["PartValue", "Situation"],
        "unmet": ["Unmet"],
    },
)
