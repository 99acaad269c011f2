"""Who somebody is: under `identity: os` only the operating system's word counts, and one user is one person."""

from dataclasses import replace

import pytest

from signoff import Actor, Engine
from signoff.actions import bank_registry
from signoff.actor import Identification
from signoff.audit import Approval
from signoff.errors import Refused
from signoff.settings import Settings
from tests.app.banking import DANA, Change, Open, assert_verifies, message, only_approval, sign, statuses, submit, transfer
from tests.app.conftest import TRANSFER, CommandLine
from tests.conftest import RULES, rules

ME = Actor.of_process()
OS = RULES.replace("identity: claimed", "identity: os")
MINE = OS.replace("[mira, omar]", f"[{ME.id}, mira]")  # whoever runs the tests is a manager


def user(name: str, uid: int) -> Actor:
    """The operating system's user *name*."""
    return Actor(id=name, how=Identification.OS, os_user=uid)


MIRA, OMAR = user("mira", 1), user("omar", 2)


@pytest.fixture
def waiting(open_engine: Open) -> tuple[Engine, Approval]:
    """An engine under `identity: os`, and a transfer that waits; the user 7 asked for it, under the name of dana."""
    engine = open_engine(rules(OS))
    return engine, only_approval(engine, submit(engine, transfer("150.00"), actor=replace(DANA, os_user=7)))


def test_the_process_says_who_it_is() -> None:
    """The actor of a process is the operating system's user, by name and number."""
    assert (ME.how, ME.os_user) == (Identification.OS, user("x", ME.os_user or 0).os_user)
    assert ME.id


def test_only_a_name_that_the_system_bears_out_is_more_than_claimed() -> None:
    """`--as` the user's own login name is that user; any other name is only claimed, with the user who claims it."""
    assert Settings.read({}, claimed=ME.id).operator == ME == Settings.read({}).operator
    assert Settings.read({}, claimed="mira").operator == Actor(id="mira", os_user=ME.os_user)


def test_votes_of_users_count(waiting: tuple[Engine, Approval]) -> None:
    """Under `identity: os` a manager whom the operating system established signs; one who only says so does not."""
    engine, approval = waiting
    with pytest.raises(Refused, match=r"mira is only claimed, and policies\.yaml lets only .* run this as the user mira"):
        sign(engine, approval, Actor(id="mira", os_user=1))
    sign(engine, approval, MIRA)
    (plan,) = engine.resume(MIRA)
    assert statuses(plan) == ["done"]
    assert_verifies(engine)


def test_who_asked_under_another_name_signs_nothing(waiting: tuple[Engine, Approval]) -> None:
    """The user who asked as dana may neither sign that as mira nor reject it, though the system says that they are mira."""
    engine, approval = waiting
    with pytest.raises(Refused, match=r"mira asked for .*, as dana, and cannot decide it"):
        sign(engine, approval, user("mira", 7))
    with pytest.raises(Refused, match="as dana"):
        engine.reject(approval.id, user("mira", 7), reason="no")
    assert engine.card(approval.id).filled == {"manager": 0}


def test_a_vote_of_who_asked_does_not_count_once_names_do_not(open_engine: Open) -> None:
    """A vote that was cast under `identity: claimed` by the user who asked serves nothing under `identity: os`."""
    engine = open_engine()
    approval = only_approval(engine, submit(engine, transfer("150.00"), actor=replace(DANA, os_user=7)))
    sign(engine, approval, user("mira", 7))
    engine.policy = rules(OS)
    (plan,) = engine.resume(OMAR)
    assert statuses(plan) == ["waiting"]


def test_under_claimed_identities_one_user_plays_everybody(open_engine: Open) -> None:
    """`identity: claimed` goes by names alone: the demo's customer and manager are one user."""
    engine = open_engine()
    approval = only_approval(engine, submit(engine, transfer("150.00"), actor=replace(DANA, os_user=7)))
    sign(engine, approval, Actor(id="mira", os_user=7))
    assert statuses(engine.plan(approval.plan)) == ["approved"]


def test_who_asked_under_another_name_resolves_nothing(open_wide: Engine) -> None:
    """Saying that it happened is no business of the user who asked, under whatever name."""
    plan = submit(open_wide, message(how="badly"), actor=replace(DANA, os_user=7))
    open_wide.policy = rules(OS, open_wide.registry)
    with pytest.raises(Refused, match="mira asked for action 1"):
        open_wide.resolve(plan.id, 1, user("mira", 7), done=True, reason="seen")
    with pytest.raises(Refused, match="only claimed"):
        open_wide.resolve(plan.id, 1, Actor(id="mira"), done=True, reason="seen")
    assert statuses(open_wide.resolve(plan.id, 1, MIRA, done=True, reason="seen")) == ["done"]


def test_who_asked_cancels(open_engine: Open) -> None:
    """Who asked cancels, as the same user under any name; nobody cancels by the name alone of somebody who was established."""
    engine = open_engine(rules(OS))
    mine = submit(engine, transfer("150.00"), actor=replace(DANA, os_user=7))
    assert statuses(engine.cancel(mine.id, user("zoe", 7))) == ["cancelled"]
    danas = submit(engine, transfer("150.00"), actor=user("dana", 5))
    with pytest.raises(Refused, match="dana is only claimed"):
        engine.cancel(danas.id, Actor(id="dana", os_user=7))
    assert statuses(engine.cancel(danas.id, user("dana", 5))) == ["cancelled"]


def test_pinned_policies_are_changed_by_users(open_engine: Open, changed_rules: Change) -> None:
    """Under `identity: os` nobody agrees to a change of pinned policies by a name alone."""
    engine = open_engine(changed_rules("identity: claimed", "identity: os"))
    with pytest.raises(Refused, match="only claimed"):
        engine.pin(Actor(id="mira", os_user=1))
    assert engine.pin(MIRA).made


def asked_by_another(cli: CommandLine) -> tuple[str, str]:
    """A transfer that another user's process asked for; its approval's id and digest."""
    from signoff.audit import Store

    registry = bank_registry()
    with Store.open(cli.database, migrations=registry.migrations) as store:
        engine = Engine(store, rules(MINE), registry)
        approval = only_approval(engine, submit(engine, transfer("150.00"), actor=replace(DANA, os_user=(ME.os_user or 0) + 1)))
    return approval.id, approval.digest


def test_without_a_name_the_user_signs(cli: CommandLine) -> None:
    """`signoff approve ID` votes as the operating system's user, and `--as` another name is refused with what to do."""
    cli.policies.write_text(MINE)
    id_, digest = asked_by_another(cli)
    cli("approve", id_, "--digest", digest, "--as", "mira").failed(4, "mira is only claimed", "run this as the user mira")
    ran = cli("approve", id_, "--digest", digest, "--json")
    assert (ran.code, ran.json["actions"][0]["status"]) == (0, "done")


def test_the_user_who_asked_cannot_sign(cli: CommandLine) -> None:
    """Whoever runs `signoff run` signs none of it under their own name, also where they asked as somebody else."""
    cli.policies.write_text(MINE)
    approval = cli.waiting(TRANSFER)
    ran = cli("approve", approval["id"], "--digest", approval["digest"])
    ran.failed(4, f"{ME.id} asked for {approval['id']}, as dana, and cannot decide it")


@pytest.mark.parametrize(
    "arguments",
    [["approve", "--digest", "00000000"], ["reject", "--reason", "no"], ["cancel"], ["resolve", "--done", "--reason", "x"]],
)
def test_where_names_are_claimed_one_is_needed(cli: CommandLine, arguments: list[str]) -> None:
    """Under `identity: claimed` somebody who decides says who they are: wrong use otherwise, and nothing is recorded."""
    approval = cli.waiting()
    ids = {"cancel": approval["plan"], "resolve": f"{approval['plan']}/1"}
    before = cli.dump()
    cli(arguments[0], ids.get(arguments[0], approval["id"]), *arguments[1:]).failed(2, "say who you are with --as WHO")
    assert cli.dump() == before


def test_nobody_becomes_somebody_else_in_the_demo(bank: CommandLine) -> None:
    """`/as` keeps nothing of how the one before was established: who else one says that one is, is claimed."""
    with bank.session("demo") as session:
        session.wait_for("/quit or Ctrl-D leaves.")
        assert f"You are {ME.id} (os" in session.say(f"/as {ME.id}", until="policies.yaml.")
        assert "You are mira (claimed" in session.say("/as mira", until="policies.yaml.")
