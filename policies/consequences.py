"""What a decision comes to for people, whichever rules are behind it; and whether another one lets more through."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from signoff.canonical import Json

from .decision import Decision, DecisionEffect, name_seat
from .policy import Policy

_STRICTNESS = (DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY)


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What becomes of an action: equal where two decisions make no difference to anybody."""

    effect: DecisionEffect
    seats: tuple[tuple[str, int], ...] = ()  # who must sign: a role or a person, and how many of it
    people: tuple[tuple[str, tuple[str, ...]], ...] = ()  # by seat, and whoever stands in: who they are, sorted
    within: int | None = None  # seconds to sign
    own_vote: bool = False  # whether the requester's own vote counts
    stand_ins: tuple[tuple[str, str, int], ...] = ()  # seat, who may fill it as well, after how many seconds
    claimed: bool = False  # whether votes count of which nothing checks whose they are

    @classmethod
    def of(cls, decision: Decision, policy: Policy) -> "Consequence":
        """What *decision*, which *policy* made, comes to."""
        if decision.effect is not DecisionEffect.APPROVE:
            return cls(effect=decision.effect)
        named = dict.fromkeys([seat.role for seat in decision.seats] + [one.who for one in decision.stand_ins])
        return cls(
            effect=decision.effect,
            seats=tuple((seat.role, seat.count) for seat in decision.seats),
            people=tuple((who, tuple(sorted(policy.people(who)))) for who in named),
            within=decision.within,
            own_vote=decision.own_vote,
            stand_ins=tuple((one.role, one.who, one.after) for one in decision.stand_ins),
            claimed=policy.identity == "claimed",
        )

    def to_json(self) -> dict[str, Json]:
        """As canonical JSON can hold it; what an effect does not need is left out."""
        if self.effect is not DecisionEffect.APPROVE:
            return {"effect": self.effect.value}
        return {
            "effect": self.effect.value,
            "seats": dict(self.seats),
            "people": {who: list(people) for who, people in self.people},
            "within": self.within,
            "own_vote": self.own_vote,
            "stand_ins": [{"seat": seat, "who": who, "after": after} for seat, who, after in self.stand_ins],
            "claimed": self.claimed,
        }


def lets_through(before: Consequence, after: Consequence) -> tuple[str, ...]:
    """In what *after* lets more through than *before*, a few words for each; empty where in nothing."""
    if before.effect is not after.effect:
        looser = _STRICTNESS.index(after.effect) < _STRICTNESS.index(before.effect)
        return (f"{after.effect} instead of {before.effect}",) if looser else ()
    return tuple(dict.fromkeys(_easier(before, after))) if after.effect is DecisionEffect.APPROVE else ()


def _easier(before: Consequence, after: Consequence) -> Iterator[str]:
    """What makes an approval easier to get. A seat that others fill instead is a seat less."""
    now, people = dict(after.seats), dict(before.people)
    for seat, count in before.seats:
        if now.get(seat, 0) < count:
            yield f"{count} {name_seat(seat)} not asked" if seat not in now else f"{now[seat]} {name_seat(seat)}, not {count}"
    for who, members in after.people:
        if who in people and (new := [one for one in members if one not in people[who]]):
            yield f"{', '.join(new)} may sign as {name_seat(who)}"
    if (after.within or 0) > (before.within or 0):
        yield "more time to sign"
    if after.own_vote and not before.own_vote:
        yield "the requester's own vote counts"
    if after.claimed and not before.claimed:
        yield "votes count although nothing checks who votes"
    yield from _sooner(before, after)


def _sooner(before: Consequence, after: Consequence) -> Iterator[str]:
    seats: Mapping[str, int] = dict(before.seats)
    times = {(seat, who): seconds for seat, who, seconds in before.stand_ins}
    for seat, who, seconds in after.stand_ins:
        if seat in seats and (seat, who) not in times:
            yield f"{name_seat(who)} may stand in for {name_seat(seat)}"
        elif seat in seats and seconds < times[seat, who]:
            yield f"{name_seat(who)} may stand in for {name_seat(seat)} sooner"
