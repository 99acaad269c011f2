"""What the verification of an export or a receipt found, as JSON and as text."""

from typing import TYPE_CHECKING

from . import output
from .canonical import Json

if TYPE_CHECKING:
    from signoff.audit import Audited, Receipt


def audited_json(found: "Audited") -> dict[str, Json]:
    head = found.checkpoint
    return {
        "verified": not found.problems,
        "origin": found.origin,
        "entries": found.entries,
        "plans": found.plans,
        "checkpoint": {"size": head.size, "root": head.root.hex(), "key": found.key} if head else None,
        "extends": list(found.extended),
        "problems": list(found.problems),
        "cannot_know": list(found.blind_spots),
    }


def print_audited(found: "Audited") -> None:
    """Print what is wrong, the verdict, and what cannot be known."""
    out = output.console()
    for problem in found.problems:
        out.print(output.plain(problem), style="red")
    verdict = "does not verify" if found.problems else "verifies"
    counted = f"{several(found.entries, 'entry', 'entries')}, {several(found.plans, 'plan', 'plans')}"
    out.print(output.plain(f"The export of {found.origin} {verdict}: {counted}."))
    if head := found.checkpoint:
        out.print(
            output.plain(
                f"The checkpoint is of {several(head.size, 'entry', 'entries')}, root {head.root.hex()}, by the key {found.key}."
            )
        )
    if found.extended:
        sizes = ", ".join(f"{size:,}" for size in found.extended)
        out.print(output.plain(f"They begin with all of the checkpoints that were kept, of {sizes} entries."))
    for spot in found.blind_spots:
        out.print(output.plain(f"It cannot know: {spot}."), style="dim")


def receipt_json(found: "Receipt") -> dict[str, Json]:
    head = found.checkpoint
    return {
        "verified": not found.problems,
        "origin": head.origin,
        "entry": found.entry,
        "action": found.action,
        "checkpoint": {"size": head.size, "root": head.root.hex()},
        "problems": list(found.problems),
    }


def print_receipt(found: "Receipt") -> None:
    """Print what is wrong, or who voted on what, and when."""
    out = output.console()
    for problem in found.problems:
        out.print(output.plain(problem), style="red")
    if found.problems:
        out.print("The receipt does not verify.")
        return
    entry = found.entry
    actor, data = entry["actor"], entry["data"]
    assert isinstance(actor, dict)
    assert isinstance(data, dict)
    out.print(output.plain(f"The receipt verifies: entry {entry['number']} of {found.checkpoint.origin}."))
    out.print(output.plain(f"{entry['at']}: {actor['id']} ({actor['how']}) voted to {data['choice']} {data['approval']}"))
    action = ", ".join(f"{name} {value}" for name, value in (found.action or {}).items())
    out.print(output.plain(f"on action {entry['action']} of {entry['chain']}: {action}"))
    out.print(output.plain("It cannot know: whether the vote counted, was replaced by a later one, or was used."), style="dim")


def several(count: int, one: str, many: str) -> str:
    """*count* and its noun."""
    return f"{count:,} {one if count == 1 else many}"
