"""Pinned policies: whether they are, and who agreed to a change. The chain `system` tells it; no table could say otherwise."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from signoff.canonical import Json

from .records import Entry


class PinVerb(StrEnum):
    """What can be done about pinned policies."""

    PIN = "pin"  # from then on a changed file is not taken up
    LOAD = "load"  # other policies take the place of those that are pinned
    UNPIN = "unpin"  # from then on a changed file is taken up again


@dataclass(kw_only=True)
class Pins:
    """What the Entries read so far tell."""

    pinned: bool = False
    active: Json = None  # digest of the policies in force
    agreed: dict[tuple[str, str], list[Entry]] = field(
        default_factory=dict
    )  # verb and digest → who wants it, since the last change

    def read(self, entry: Entry) -> Iterator[str]:
        """Take *entry* in, and yield what is wrong with it; one that somebody altered may lack anything."""
        data = entry.data
        match entry.event:
            case "policy":
                if self.pinned:
                    yield from self._unagreed(entry, PinVerb.LOAD)
                self.active = data.get("digest")
                self.agreed = {}
            case "pinned" | "unpinned":
                verb = PinVerb.PIN if entry.event == "pinned" else PinVerb.UNPIN
                yield from self._unagreed(entry, verb)
                self.pinned = verb is PinVerb.PIN
                self.agreed = {}
            case "proposed" | "confirmed":
                if data.get("replaces") != self.active:
                    yield f"entry {entry.number} is about policies that were not in force"
                self.agreed.setdefault((str(data.get("verb")), str(data.get("digest"))), []).append(entry)

    def _unagreed(self, entry: Entry, verb: PinVerb) -> Iterator[str]:
        data: Mapping[str, Json] = entry.data
        agreed = {one.number for one in self.agreed.get((verb.value, str(data.get("digest"))), ())}
        told = data.get("confirmed")
        if (
            not isinstance(told, list)
            or not all(isinstance(one, int) and one in agreed for one in told)
            or entry.number - 1 not in told
        ):
            yield f"entry {entry.number} changed pinned policies, and the log does not tell who agreed to that"


def read_pins(entries: Iterable[Entry]) -> Pins:
    """What the Entries of the chain `system` tell."""
    pins = Pins()
    for entry in entries:
        for _ in pins.read(entry):
            pass
    return pins


def pin_problems(entries: Iterable[Entry]) -> Iterator[str]:
    """What is wrong with what the Entries of the chain `system` tell of pinned policies."""
    pins = Pins()
    for entry in entries:
        yield from pins.read(entry)
