"""Changes of pinned policies: the people whom the rules in force name must agree to the very file that comes after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from signoff.actions import fold_name
from signoff.audit import Entry, PinVerb, Reading, Store, Writing
from signoff.policies import DEFAULT_WITHIN, PERSON, PolicyChange, Seat, compare_policies, fill_seats

from .actor import Actor, Identification
from .canonical import Json, parse
from .errors import ClockError, Refused, UsageError
from .in_force import InForce
from .refusals import log_refusal
from .signers import name_people


@dataclass(frozen=True, kw_only=True)
class PinChange:
    """What somebody wants of pinned policies, and how far that is."""

    verb: PinVerb
    name: str  # of the policies file
    digest: str  # of the policies that are in force once it is made
    replaces: str  # digest of those in force before
    made: bool  # whether enough have agreed
    agreed: tuple[str, ...]  # who has, in order
    needs: str  # who must, in words
    expires: datetime  # when the first of them does not count any more
    change: PolicyChange  # what it changes


@dataclass(frozen=True, kw_only=True)
class Electorate:
    """Who may change pinned policies, by those in force."""

    seats: tuple[Seat, ...]
    roles: Mapping[str, Sequence[str]]
    identity: Json
    within: timedelta  # how long it counts that somebody agreed

    @classmethod
    def of(cls, outline: Mapping[str, Json]) -> "Electorate":
        """Those whom the policies with this *outline* name."""
        named = cast(Sequence[Mapping[str, Json]], outline.get("changes", ()))
        return cls(
            seats=tuple(Seat(cast(str, seat["role"]), cast(int, seat["count"])) for seat in named),
            roles=cast(Mapping[str, Sequence[str]], outline["roles"]),
            identity=outline["identity"],
            within=timedelta(seconds=cast(int, outline.get("within") or DEFAULT_WITHIN)),
        )

    def seats_of(self, person: str) -> frozenset[str]:
        """The seats that *person* fills."""
        return frozenset([PERSON + person, *(role for role, people in self.roles.items() if person in people)])

    def filled(self, people: Sequence[str]) -> int:
        """How many seats *people* fill."""
        return sum(fill_seats(self.seats, {person: self.seats_of(person) for person in people}).filled.values())

    @property
    def words(self) -> str:
        """Who must agree: `2 manager (mira, omar)`."""
        return ", ".join(
            seat.role.removeprefix(PERSON)
            if seat.role.startswith(PERSON)
            else f"{seat.count} {seat.role} ({name_people(self.roles[seat.role])})"
            for seat in self.seats
        )

    def check(self, actor: Actor, agreed: Sequence[str]) -> None:
        """Raises Refused where it means nothing that *actor* agrees, beside those who did."""
        if not self.seats:
            raise Refused("the policies in force name nobody who may change pinned ones; write `changes: ROLE` in the file")
        if actor.how is Identification.CLAIMED and self.identity != Identification.CLAIMED:
            raise Refused(f"{actor.id} is only claimed, and the policies in force do not let claimed identities decide")
        if not self.seats_of(actor.id) & {seat.role for seat in self.seats}:
            raise Refused(f"{actor.id} may not change pinned policies: that needs {self.words}")
        if any(fold_name(one) == fold_name(actor.id) for one in agreed):
            raise Refused(f"{actor.id} has already agreed to this; it still needs somebody else of {self.words}")
        if self.filled([*agreed, actor.id]) == self.filled(agreed):
            raise Refused(f"it is not {actor.id} who is missing: this needs {self.words}")


class Pinning:
    """Pins the policies in force, loads others in their place, and unpins them."""

    def __init__(self, store: Store, in_force: InForce) -> None:
        self._store = store
        self._in_force = in_force

    def change(self, verb: PinVerb, actor: Actor) -> PinChange:
        """Record that *actor* agrees, and make the change once enough have. Raises UsageError, and Refused, which is recorded."""
        refusal: Refused | None = None
        if verb is not PinVerb.UNPIN:
            self._in_force.vet()
        with self._store.write() as tx:
            if verb is PinVerb.PIN:
                self._in_force.adopt(tx, actor)
            else:
                self._in_force.verify(tx)
            if tx.behind:
                raise ClockError("the clock stands before the newest entry of the log, so no time can be judged; set it right")
            self._check(tx, verb)
            try:
                change = self._agree(tx, verb, actor)
            except Refused as error:
                refusal = error
                log_refusal(tx, error, actor, f"policies {verb}")
        if refusal is not None:
            raise refusal
        return change

    def _check(self, reading: Reading, verb: PinVerb) -> None:
        """Raises UsageError where *verb* does not fit."""
        pinned = reading.pins().pinned
        if verb is PinVerb.PIN and pinned:
            raise UsageError("the policies are pinned already; `signoff policies load FILE --as WHO` changes them")
        if verb is not PinVerb.PIN and not pinned:
            raise UsageError("no policies are pinned, so a changed file is taken up at once; `signoff policies pin` pins them")
        if verb is PinVerb.LOAD and reading.active_policy() == self._in_force.policy.digest:
            raise UsageError(f"{self._in_force.policy.name} is in force already; name the file that is to take its place")
        if verb is PinVerb.LOAD and not self._in_force.policy.changes:
            raise UsageError(
                f"{self._in_force.policy.name} names nobody who could ever load another; write `changes: ROLE` in it"
            )

    def _agree(self, tx: Writing, verb: PinVerb, actor: Actor) -> PinChange:
        active = tx.active_policy()
        assert active is not None
        before = cast(Mapping[str, Json], parse(tx.outline(active)))
        policy = self._in_force.policy
        digest = policy.digest if verb is PinVerb.LOAD else active
        change = compare_policies(before, policy.outline()) if verb is PinVerb.LOAD else PolicyChange()
        electorate = Electorate.of(before)
        earlier = [one for one in tx.pins().agreed.get((verb.value, digest), ()) if tx.now < one.at + electorate.within]
        electorate.check(actor, [one.actor.id for one in earlier])
        told: dict[str, Json] = {"verb": verb.value, "digest": digest, "replaces": active, "change": change.to_json()}
        agreed: list[Entry] = [*earlier, tx.log("confirmed" if earlier else "proposed", actor, told)]
        people = [one.actor.id for one in agreed]
        made = electorate.filled(people) == sum(seat.count for seat in electorate.seats)
        if made:
            self._make(tx, verb, active, actor, [one.number for one in agreed])
        return PinChange(
            verb=verb,
            name=policy.name,
            digest=digest,
            replaces=active,
            made=made,
            agreed=tuple(people),
            needs=electorate.words,
            expires=agreed[0].at + electorate.within,
            change=change,
        )

    def _make(self, tx: Writing, verb: PinVerb, active: str, actor: Actor, confirmed: list[int]) -> None:
        match verb:
            case PinVerb.PIN:
                tx.log("pinned", actor, {"digest": active, "confirmed": confirmed})
            case PinVerb.UNPIN:
                tx.log("unpinned", actor, {"digest": active, "confirmed": confirmed})
            case PinVerb.LOAD:
                self._in_force.put(tx, active, actor, confirmed)
