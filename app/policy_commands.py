"""What each command of `signoff policies` does."""

import argparse

from . import forms, output
from .errors import Exit
from .opening import open_engine
from .settings import Settings


def check(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies check`."""
    from signoff.policies import PoliciesInvalid, format_diagnostic, load_policy

    from .registries import load_registry

    registry = load_registry(settings.actions)
    try:
        policy = load_policy(settings.policies, registry)
    except PoliciesInvalid as error:
        if not settings.json:
            raise
        forms.print_json({"valid": False, "diagnostics": [vars(one) for one in error.diagnostics]})
        return Exit.POLICIES
    if settings.json:
        forms.print_json({"valid": True, "digest": policy.digest, "diagnostics": [vars(one) for one in policy.warnings]})
        return Exit.DONE
    for warning in policy.warnings:
        print(format_diagnostic(warning) + "\n")
    rules = len(policy.document.rules)
    output.print_text(f"{policy.name} is valid: {rules} rules, digest {output.group_digest(policy.digest)}")
    return Exit.DONE


def test(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies test`."""
    from signoff.policies import load_policy

    from .registries import load_registry
    from .trial_tables import print_run, run_json
    from .trials import run_tests

    policy = load_policy(settings.policies, load_registry(settings.actions))
    run = run_tests(policy)
    if settings.json:
        forms.print_json(run_json(policy, run))
    elif not run.trials:
        output.print_text(f"{policy.name} has no tests; write some under `tests` at its end")
    else:
        print_run(policy, run)
    return Exit.DONE if run.passed else Exit.POLICIES


def change_pinned(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies pin`, `policies load FILE` and `policies unpin`."""
    with open_engine(settings, reading=options.verb != "pin") as engine:
        change = {"pin": engine.pin, "load": engine.load, "unpin": engine.unpin}[options.verb](settings.operator)
    if settings.json:
        forms.print_json(forms.pin_change_json(change))
    else:
        file = f" {settings.policies}" if options.verb == "load" else ""
        output.print_pin_change(change, f"signoff policies {options.verb}{file} --as WHO")
    return Exit.DONE if change.made else Exit.WAITING
