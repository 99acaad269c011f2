"""What a policy must pass before it is put in force."""

from functools import lru_cache

from signoff.policies import PoliciesInvalid, Policy


@lru_cache(maxsize=8)
def vet(policy: Policy) -> None:
    """Put *policy* to every check, once. Raises PoliciesInvalid with what the first one finds that it does not pass."""
    from .trials import failed_tests  # here, as commands under rules that are in force already do without

    for check in (failed_tests,):  # each gives diagnostics; those that take longer stand later
        if found := check(policy):
            raise PoliciesInvalid(found)
