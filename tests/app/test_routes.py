"""Approval routes: several roles, people by id, one's own vote, and who stands in after some time."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from signoff import Actor, Engine, Refused
from signoff.audit import Approval, ApprovalStatus, PlanRecord
from signoff.cards import Card
from signoff.drawing import format_card
from signoff.forms import approval_json, judgement_json
from signoff.output import console, format_queue
from signoff.policies import Policy
from signoff.testing import FakeClock
from tests.app.banking import (
    DANA,
    FAY,
    FINN,
    MIRA,
    OMAR,
    Open,
    assert_verifies,
    only_approval,
    plan_of,
    sign,
    statuses,
    submit,
    transfer,
)
from tests.conftest import RULES, rules

ZOE = Actor(id="zoe")
ROUTE = "    by: manager\n    within: 24h\n"
Route = Callable[[str], Engine]


@pytest.fixture
def route(open_engine: Open, changed_rules: Callable[[str, str], Policy]) -> Route:
    """An engine in whose rules large transfers are approved as a text says."""
    return lambda text: open_engine(changed_rules(ROUTE, text))


def asked(engine: Engine) -> tuple[PlanRecord, Approval]:
    """A transfer of dana's that waits, and its approval."""
    plan = submit(engine, transfer("150.00"), request="send $150.00 to Alice")
    return plan, only_approval(engine, plan)


def refuse(engine: Engine, approval: Approval, *actors: Actor) -> str:
    """What each of *actors* is told, who may not sign."""
    told = ""
    for actor in actors:
        with pytest.raises(Refused) as caught:
            sign(engine, approval, actor)
        told = str(caught.value)
    return told


def text_of(renderable: object) -> str:
    """What is shown, without line breaks."""
    out = console()
    out.width = 1_000
    with out.capture() as capture:
        out.print(renderable)
    return " ".join(capture.get().split())


def needs(card: Card) -> str:
    """The line of a card that says who must sign."""
    return text_of(format_card(card)).partition("Needs ")[2].partition(" Others")[0]


def test_a_role_of_many(open_engine: Open) -> None:
    """Of many people who could sign the first are named, so that refusals leave little in the log."""
    people = [f"clerk{number}" for number in range(5_000)]
    engine = open_engine(rules(RULES.replace("[mira, omar]", f"[{', '.join(people)}]")))
    plan, approval = asked(engine)
    assert "1 manager (clerk0, clerk1, clerk2," in refuse(engine, approval, FAY)
    assert needs(engine.card(approval.id)).endswith("clerk8, clerk9 and 4,990 more), 0 of 1 so far; not dana")
    with pytest.raises(Refused, match="and 4,990 more"):
        engine.pin(FAY)
    with engine.store.read() as tx:
        entries = [*tx.entries(plan.id), *tx.entries("system")]
    assert max(len(entry.body) for entry in entries) < 3_000
    sign(engine, approval, Actor(id=people[-1]))
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]


def test_all_roles_of_a_list_sign(route: Route) -> None:
    """With several roles, one of each signs, and the action runs when all have."""
    engine = route("    by: [manager, finance]\n")
    plan, approval = asked(engine)
    assert approval.seats == {"finance": 1, "manager": 1}
    sign(engine, approval, MIRA)
    assert "needs 1 finance (fay, finn), 1 manager (mira, omar)" in refuse(engine, approval, OMAR)
    sign(engine, approval, FAY)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]
    assert_verifies(engine)


def test_counts_in_a_list(route: Route) -> None:
    """A list may hold roles with counts beside others."""
    engine = route("    by: [manager, {role: finance, count: 2}]\n")
    plan, approval = asked(engine)
    sign(engine, approval, FAY, MIRA)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["waiting"]
    sign(engine, approval, FINN)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]


def test_people_by_id(route: Route) -> None:
    """Each of the people named signs for themselves; another member of their role does not."""
    engine = route("    by: [manager, {people: [mira, zoe]}]\n")
    plan, approval = asked(engine)
    assert approval.seats == {"manager": 1, "person:mira": 1, "person:zoe": 1}
    assert needs(engine.card(approval.id)).startswith(
        "1 manager (mira, omar), 0 of 1 so far; mira, 0 of 1 so far; zoe, 0 of 1 so far; not dana"
    )
    refuse(engine, approval, FAY, Actor(id="Zoe"))
    sign(engine, approval, MIRA)  # fills one seat, her own or a manager's
    refuse(engine, approval, MIRA, Actor(id="MIRA"))
    sign(engine, approval, ZOE)
    assert statuses(engine.plan(plan.id)) == ["waiting"]
    sign(engine, approval, OMAR)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]
    with engine.store.read() as tx:
        assert "1 manager, mira, zoe" in text_of(format_queue([(approval, plan.action(1))], engine.store.clock()))
        assert len(tx.votes(approval.id)) == 3


def test_one_person_fills_one_seat(open_engine: Open) -> None:
    """Somebody with two roles signs for one of them only, however often and under whatever spelling they come."""
    text = RULES.replace(ROUTE, "    by: [manager, finance]\n").replace("finance: [fay, finn]", "finance: [mira, finn]")
    engine = open_engine(rules(text))
    _, approval = asked(engine)
    sign(engine, approval, MIRA)
    assert "has already voted" in refuse(engine, approval, Actor(id="Mira"), MIRA)


def test_matching_rules_combine(open_engine: Open, changed_rules: Callable[[str, str], Policy]) -> None:
    """Two rules that match ask for all roles of both, per role the most, in the shorter time."""
    more = "  - id: careful\n    approve: transfer\n    by: [finance, {role: manager, count: 2}]\n    within: 1h\n  - id: blocked"
    engine = open_engine(changed_rules("  - id: blocked", more))
    _, approval = asked(engine)
    assert approval.seats == {"finance": 1, "manager": 2}
    assert approval.expires - approval.asked == timedelta(hours=1)


def test_the_time_of_the_file(open_engine: Open, changed_rules: Callable[[str, str], Policy], clock: FakeClock) -> None:
    """`within` at the top holds for rules that do not say, and not for others."""
    engine = open_engine(changed_rules("version: 1", "version: 1\nwithin: 3h"))
    plan = submit(engine, transfer("150.00"))
    assert only_approval(engine, plan).expires == clock() + timedelta(hours=24)  # large-transfer says so
    engine = open_engine(rules(RULES.replace("version: 1", "version: 1\nwithin: 3h").replace("    within: 24h\n", "")))
    plan = submit(engine, transfer("150.00"))
    assert only_approval(engine, plan).expires == clock() + timedelta(hours=3)


def own(route: str, who: str = "dana", role: str = "manager: [mira, omar") -> Policy:
    """The test's rules with dana, who asks, among the managers or in another role."""
    return rules(RULES.replace(ROUTE, route).replace(role, f"{role}, {who}"))


def test_ones_own_vote(open_engine: Open) -> None:
    """Where the rule allows it, a manager signs what they asked for themselves; the card says so."""
    engine = open_engine(own("    by: manager\n    self: allowed\n"))
    plan, approval = asked(engine)
    assert needs(engine.card(approval.id)) == "1 manager (mira, omar, dana), 0 of 1 so far; dana's own vote counts"
    sign(engine, approval, DANA)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]
    assert_verifies(engine)


def test_ones_own_vote_gives_no_role(route: Route) -> None:
    """Who has no role signs nothing, also not their own."""
    _, approval = asked(engine := route("    by: manager\n    self: allowed\n"))
    assert "dana may not decide" in refuse(engine, approval, DANA)


def test_ones_own_vote_is_one_vote(open_engine: Open) -> None:
    """Another spelling of the requester's id makes nobody a second signer, also where a role holds both."""
    engine = open_engine(own("    by: [manager, {people: [Dana]}]\n    self: allowed\n"))
    _, approval = asked(engine)
    sign(engine, approval, DANA)
    assert "has already voted" in refuse(engine, approval, Actor(id="Dana"))


def test_ones_own_vote_needs_every_rule(open_engine: Open) -> None:
    """Where one of the rules that match does not allow it, the requester's own vote does not count, however it is spelt."""
    other = "    by: manager\n    self: allowed\n  - id: other\n    approve: transfer\n    by: finance\n"
    for who in ("dana", "Dana"):
        engine = open_engine(own(other, who))
        _, approval = asked(engine)
        assert f"{who} asked for" in refuse(engine, approval, Actor(id=who))


def test_ones_own_vote_needs_every_signer_of_the_rule(open_engine: Open) -> None:
    """An own vote fills one seat of two; somebody else fills the other."""
    engine = open_engine(own("    by: {role: manager, count: 2}\n    self: allowed\n"))
    plan, approval = asked(engine)
    sign(engine, approval, DANA)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["waiting"]
    sign(engine, approval, OMAR)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]


THEN = "    by: manager\n    then: {after: 2h, ask: finance}\n"


def test_nobody_stands_in_before_the_time(route: Route, clock: FakeClock) -> None:
    """Until the time has passed, those who stand in may neither sign nor reject; the card tells when they may."""
    engine = route(THEN)
    _, approval = asked(engine)
    clock.move(timedelta(hours=2, microseconds=-1))
    told = "1 manager (mira, omar) or, from 2026-03-02 11:30 UTC on, finance (fay, finn)"
    assert f"it needs {told}" in refuse(engine, approval, FAY)
    assert needs(engine.card(approval.id)) == f"{told}, 0 of 1 so far; not dana"
    with pytest.raises(Refused, match="may not decide"):
        engine.reject(approval.id, FAY, reason="no")
    with pytest.raises(Refused, match="did not ask"):
        engine.cancel(approval.plan, FAY)


def test_somebody_stands_in(route: Route, clock: FakeClock) -> None:
    """Once the time has passed, one of them fills the seat, and the vote's Entry tells for whom."""
    engine = route(THEN)
    plan, approval = asked(engine)
    clock.move(timedelta(hours=2))
    assert needs(engine.card(approval.id)) == "1 manager (mira, omar) or finance (fay, finn), 0 of 1 so far; not dana"
    assert "1 manager or finance" in text_of(format_queue([(approval, plan.action(1))], clock()))
    sign(engine, approval, FAY)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]
    with engine.store.read() as tx:
        (voted,) = (entry for entry in tx.entries(plan.id) if entry.event == "voted")
    assert voted.data["stands_in"] == ["manager"]
    assert_verifies(engine)


def test_managers_still_may(route: Route, clock: FakeClock) -> None:
    """Those who were asked at first may sign as before, and their vote's Entry tells of nobody they stand in for."""
    engine = route(THEN)
    plan, approval = asked(engine)
    clock.move(timedelta(hours=3))
    sign(engine, approval, OMAR)
    with engine.store.read() as tx:
        assert ["stands_in" in entry.data for entry in tx.entries(plan.id) if entry.event == "voted"] == [False]


def test_who_stands_in_may_reject_and_cancel(route: Route, clock: FakeClock) -> None:
    """Who may approve may reject, and may cancel."""
    engine = route(THEN)
    (_, first), (_, second) = asked(engine), asked(engine)
    clock.move(timedelta(hours=2))
    assert engine.reject(first.id, FAY, reason="no").status is ApprovalStatus.REJECTED
    assert statuses(engine.cancel(second.plan, FINN)) == ["cancelled"]


def test_counts_stay(route: Route, clock: FakeClock) -> None:
    """Standing in lowers no count: two seats need two people, and nobody takes both."""
    engine = route("    by: {role: manager, count: 2}\n    then: {after: 2h, ask: [finance, {people: [zoe]}]}\n")
    plan, approval = asked(engine)
    clock.move(timedelta(hours=2))
    sign(engine, approval, ZOE)
    refuse(engine, approval, ZOE, Actor(id="Zoe"))
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["waiting"]
    sign(engine, approval, FAY)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]


@pytest.mark.parametrize("more", ["", "    self: allowed\n"])
@pytest.mark.parametrize("who", ["dana", "Dana"])
def test_the_requester_never_stands_in(more: str, who: str, open_engine: Open, clock: FakeClock) -> None:
    """A member of those who stand in cannot sign what they asked for themselves, also where their own vote would count."""
    engine = open_engine(own(THEN + more, who, "finance: [fay, finn"))
    _, approval = asked(engine)
    clock.move(timedelta(hours=2))
    refuse(engine, approval, Actor(id=who))
    assert "or finance (fay, finn)" in needs(engine.card(approval.id))


def test_a_vote_from_before_does_not_stand_in(route: Route, clock: FakeClock) -> None:
    """A vote that was cast before the time fills only the seats that it could fill then."""
    engine = route("    by: [manager, {people: [fay]}]\n    then: {after: 2h, ask: finance}\n")
    plan, approval = asked(engine)
    sign(engine, approval, FAY)
    clock.move(timedelta(hours=2))
    sign(engine, approval, MIRA)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]
    plan, approval = asked(engine)
    sign(engine, approval, FAY)
    clock.move(timedelta(hours=2))
    sign(engine, approval, FINN)  # takes the manager's seat, as fay keeps her own
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]


def test_standing_in_needs_every_rule_that_asks(open_engine: Open, changed_rules: Callable[[str, str], Policy]) -> None:
    """Where another rule asks for the same role without it, nobody stands in; where both do, the longer time counts."""
    other = "  - id: other\n    approve: transfer\n    by: manager\n"
    engine = open_engine(changed_rules(ROUTE, THEN + other))
    assert asked(engine)[1].stand_ins == {}
    both = other + "    then: {after: 3h, ask: [finance, {people: [zoe]}]}\n"
    engine = open_engine(changed_rules(ROUTE, THEN + both))
    assert asked(engine)[1].stand_ins == {"manager": {"finance": 3 * 60 * 60}}
    elsewhere = "  - id: other\n    approve: transfer\n    by: {people: [zoe]}\n"
    engine = open_engine(changed_rules(ROUTE, THEN + elsewhere))
    assert asked(engine)[1].stand_ins == {"manager": {"finance": 2 * 60 * 60}}


def test_a_role_lost_since_does_not_count(open_engine: Open, clock: FakeClock) -> None:
    """Who stood in and lost the role before the action ran has not signed: it waits again."""
    text = RULES.replace(ROUTE, THEN)
    engine = open_engine(rules(text))
    plan, approval = asked(engine)
    clock.move(timedelta(hours=2))
    sign(engine, approval, FAY)
    engine.policy = rules(text.replace("[fay, finn]", "[gil, finn]"))
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["waiting"]


def test_less_time_where_no_rule_says(open_engine: Open, clock: FakeClock) -> None:
    """A vote under the default is for its time to sign, as one under a rule is: where the file gives less, it is asked again."""
    text = RULES.replace("default: deny", "default: {approve: manager}").replace('allow: "*"', "allow: deposit")
    engine = open_engine(rules(text))
    plan = submit(engine, transfer("50.00"))
    approval = only_approval(engine, plan)
    clock.move(timedelta(hours=2))
    engine.policy = rules(text.replace("version: 1", "version: 1\nwithin: 1h"))
    sign(engine, approval, MIRA)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["waiting"]
    sign(engine, again := only_approval(engine, plan), MIRA)
    assert again.expires == clock() + timedelta(hours=1)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]


@pytest.mark.parametrize("who", ["gil", "mira"])
def test_roles_that_are_given_back(who: str, open_engine: Open) -> None:
    """Where votes fill all seats only since roles were given back, nothing runs but by one more vote, or one renewed."""
    text = RULES.replace(ROUTE, "    by: {role: manager, count: 2}\n").replace("[mira, omar]", "[mira, omar, gil]")
    engine = open_engine(rules(text))
    plan, approval = asked(engine)
    sign(engine, approval, MIRA)
    engine.policy = rules(text.replace("[mira, omar, gil]", "[omar, gil]"))
    sign(engine, approval, OMAR)
    engine.policy = rules(text)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["waiting"]
    refuse(engine, approval, Actor(id="Mira"), FAY, DANA)
    sign(engine, approval, Actor(id=who))
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]
    assert_verifies(engine)


def test_a_vote_that_counts_no_more_is_renewed(open_engine: Open, clock: FakeClock) -> None:
    """Whose vote fills no seat since they lost a role may vote again where they may fill one by now, and has one vote."""
    text = RULES.replace(ROUTE, "    by: {role: manager, count: 2}\n    then: {after: 1h, ask: finance}\n")
    engine = open_engine(rules(text))
    plan, approval = asked(engine)
    sign(engine, approval, MIRA)
    engine.policy = rules(text.replace("[mira, omar]", "[omar, gil]").replace("[fay, finn]", "[fay, mira]"))
    refuse(engine, approval, MIRA)
    clock.move(timedelta(hours=1))
    sign(engine, approval, MIRA)
    assert "has already voted" in refuse(engine, approval, MIRA)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["waiting"]
    sign(engine, approval, OMAR)
    assert statuses(engine.resume(DANA, plan.id)[0]) == ["done"]
    assert_verifies(engine)


def test_another_spelling_renews_no_vote(open_engine: Open, clock: FakeClock) -> None:
    """Who has signed cannot sign once more in another spelling that has a role, also where all seats are filled by then."""
    text = RULES.replace(ROUTE, "    by: [{role: manager, count: 2}]\n    then: {after: 1h, ask: finance}\n")
    text = text.replace("[mira, omar]", "[mira, omar, gil]").replace("[fay, finn]", "[fay, Mira]")
    engine = open_engine(rules(text))
    _, approval = asked(engine)
    sign(engine, approval, MIRA)
    engine.policy = rules(text.replace("[mira, omar, gil]", "[omar, gil]"))
    sign(engine, approval, OMAR)
    engine.policy = rules(text)
    clock.move(timedelta(hours=1))
    assert "Mira has already voted" in refuse(engine, approval, Actor(id="Mira"))


def test_preview_and_json_tell_the_route(route: Route) -> None:
    """A preview and `--json` tell who may stand in, and whether the requester's own vote counts."""
    engine = route(THEN + "    self: allowed\n")
    (judged,) = engine.preview(plan_of(engine, transfer("150.00")), DANA, request="send 150.00")
    told = judgement_json(judged)
    assert (told["stand_ins"], told["own_vote"]) == ([{"seat": "manager", "who": "finance", "after": 7200}], True)
    plan, approval = asked(engine)
    shown = approval_json(approval, plan.action(1))
    assert shown["seats"] == {"manager": 1}
    assert shown["stand_ins"] == [{"seat": "manager", "who": "finance", "from": "2026-03-02T11:30:00.000000Z"}]
