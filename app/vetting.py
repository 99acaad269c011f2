"""What a policy must pass before it is put in force."""

from functools import lru_cache

from signoff.policies import Diagnostic, PoliciesInvalid, Policy, Severity, prover_installed


@lru_cache(maxsize=8)
def vet(policy: Policy) -> None:
    """Put *policy* to every check, once. Raises PoliciesInvalid with what the first one finds that it does not pass."""
    from .trials import failed_tests  # here, as commands under rules that are in force already do without

    for check in (failed_tests, refuted_invariants):  # each gives diagnostics; those that take longer stand later
        if found := check(policy):
            raise PoliciesInvalid(found)


def refuted_invariants(policy: Policy) -> tuple[Diagnostic, ...]:
    """An error for each invariant that an action breaks. Where the solver is not installed, none is looked for."""
    if not policy.document.invariants or not prover_installed():
        return ()
    from .solving import doubtful_invariants

    return tuple(one for one in doubtful_invariants(policy) if one.severity is Severity.ERROR)
