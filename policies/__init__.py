"""Policies: rules written in YAML, checked against the actions, compiled. Action in, Decision out."""

from typing import TYPE_CHECKING

from signoff.lazy import front_door

if TYPE_CHECKING:
    from .asking import spell_time as spell_time
    from .boundary_coverage import Boundary as Boundary
    from .boundary_coverage import Side as Side
    from .boundary_coverage import find_boundaries as find_boundaries
    from .candidates import probe_candidates as probe_candidates
    from .cases import Case as Case
    from .cases import read_count as read_count
    from .changes import PolicyChange as PolicyChange
    from .changes import compare_policies as compare_policies
    from .consequences import Consequence as Consequence
    from .consequences import lets_through as lets_through
    from .dates import read_moment as read_moment
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
    from .decision import name_seat as name_seat
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
    from .mutants import Mutant as Mutant
    from .mutants import mutants_of as mutants_of
    from .mutants import with_mutant as with_mutant
    from .mutation import MAX_MUTANTS as MAX_MUTANTS
    from .mutation import Mutation as Mutation
    from .mutation import find_survivors as find_survivors
    from .nearest import NearChange as NearChange
    from .nearest import Nearest as Nearest
    from .nearest import nearest_changes as nearest_changes
    from .policy import Policy as Policy
    from .proof_warnings import check_invariants as check_invariants
    from .proof_warnings import idle_rules_proved as idle_rules_proved
    from .prover import EXTRA as EXTRA
    from .prover import DeadRule as DeadRule
    from .prover import Example as Example
    from .prover import Finding as Finding
    from .prover import Proof as Proof
    from .prover import Verdict as Verdict
    from .prover import find_dead_rules as find_dead_rules
    from .prover import find_difference as find_difference
    from .prover import find_looser as find_looser
    from .prover import prove as prove
    from .prover import prover_installed as prover_installed
    from .review import review_policy as review_policy
    from .rule import Rule as Rule
    from .rule_coverage import RuleCoverage as RuleCoverage
    from .rule_coverage import RuleMatches as RuleMatches
    from .rule_coverage import cover_rules as cover_rules
    from .rule_coverage import match_rules as match_rules
    from .schema import policy_schema as policy_schema
    from .seating import Seating as Seating
    from .seating import fill_seats as fill_seats
    from .situations import PartValue as PartValue
    from .situations import Situation as Situation
    from .trials import Trial as Trial
    from .trials import failures as failures
    from .unmet import Unmet as Unmet

__all__ = [
    "CAUTION",
    "DEFAULT_WITHIN",
    "EXTRA",
    "MAX_MUTANTS",
    "PERSON",
    "Boundary",
    "Case",
    "Consequence",
    "Context",
    "CounterValue",
    "DeadRule",
    "Decision",
    "DecisionEffect",
    "Diagnostic",
    "Differences",
    "Example",
    "Explanation",
    "Finding",
    "Invariant",
    "Mutant",
    "Mutation",
    "NearChange",
    "Nearest",
    "PartValue",
    "PoliciesInvalid",
    "Policy",
    "PolicyChange",
    "Proof",
    "Rule",
    "RuleCoverage",
    "RuleMatches",
    "Seat",
    "Seating",
    "Severity",
    "Side",
    "Situation",
    "StandIn",
    "Trial",
    "Unmet",
    "Verdict",
    "Way",
    "check_invariants",
    "compare_policies",
    "cover_rules",
    "failures",
    "fill_seats",
    "find_boundaries",
    "find_dead_rules",
    "find_difference",
    "find_differences",
    "find_looser",
    "find_survivors",
    "format_diagnostic",
    "idle_rules_proved",
    "lets_through",
    "load_policy",
    "match_rules",
    "mutants_of",
    "name_seat",
    "nearest_changes",
    "parse_policy",
    "policy_schema",
    "probe_candidates",
    "prove",
    "prover_installed",
    "read_count",
    "read_moment",
    "review_policy",
    "spell_time",
    "time_zone",
    "with_mutant",
]

__getattr__ = front_door(
    __name__,
    {
        "asking": ["spell_time"],
        "boundary_coverage": ["Boundary", "Side", "find_boundaries"],
        "cases": ["Case", "read_count"],
        "changes": ["PolicyChange", "compare_policies"],
        "consequences": ["Consequence", "lets_through"],
        "dates": ["read_moment", "time_zone"],
        "decision": [
            *("CAUTION", "DEFAULT_WITHIN", "PERSON", "Context", "CounterValue", "Decision", "DecisionEffect", "Explanation"),
            *("Seat", "StandIn", "name_seat"),
        ],
        "diagnostics": ["Diagnostic", "PoliciesInvalid", "Severity", "format_diagnostic"],
        "differences": ["Differences", "Way", "find_differences"],
        "invariants": ["Invariant"],
        "loading": ["load_policy", "parse_policy"],
        "mutants": ["Mutant", "mutants_of", "with_mutant"],
        "nearest": ["NearChange", "Nearest", "nearest_changes"],
        "policy": ["Policy"],
        "proof_warnings": ["check_invariants", "idle_rules_proved"],
        "prover": [
            *("EXTRA", "DeadRule", "Example", "Finding", "Verdict", "Proof"),
            *("find_dead_rules", "find_difference", "find_looser", "prove", "prover_installed"),
        ],
        "review": ["review_policy"],
        "rule": ["Rule"],
        "schema": ["policy_schema"],
        "candidates": ["probe_candidates"],
        "seating": ["Seating", "fill_seats"],
        "situations": ["PartValue", "Situation"],
        "rule_coverage": ["RuleCoverage", "RuleMatches", "match_rules", "cover_rules"],
        "mutation": ["MAX_MUTANTS", "Mutation", "find_survivors"],
        "trials": ["Trial", "failures"],
        "unmet": ["Unmet"],
    },
)
