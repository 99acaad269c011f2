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


def prove(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff policies prove`."""
    from signoff.policies import load_policy, prove

    from . import proofs
    from .registries import load_registry

    policy = load_policy(settings.policies, load_registry(settings.actions))
    found = prove(policy)
    if settings.json:
        forms.print_json({"digest": policy.digest, "invariants": [proofs.proof_json(proof, policy) for proof in found]})
        return proofs.exit_of(found)
    out = output.console()
    if found:
        out.print(proofs.format_proofs(found))
    else:
        output.print_text(f"{policy.name} has no invariants; write a line such as `- never: allow transfer` below `invariants:`")
    for told in (*(proofs.format_details(proof, policy) for proof in found), proofs.format_opaque(found)):
        if told is not None:
            out.print()
            out.print(told, soft_wrap=True)
    return proofs.exit_of(found)


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
