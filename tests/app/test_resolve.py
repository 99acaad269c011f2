"""What is in doubt is settled by a person who may, with a reason."""

import re
from typing import Any

import pytest

from signoff import Actor, Engine, Refused
from signoff.actions import Registry
from signoff.actor import Identification
from signoff.audit import ApprovalStatus, PlanRecord
from signoff.errors import UsageError
from signoff.policies import Policy, parse_policy
from tests.app.banking import (
    DANA,
    FAY,
    FINN,
    MIRA,
    OMAR,
    OUTBOX,
    assert_verifies,
    deposit,
    events,
    message,
    only_approval,
    sign,
    statuses,
    submit,
    transfer,
)
from tests.app.conftest import DEPOSIT, CommandLine
from tests.app.test_cli_exit import submit_in_doubt
from tests.conftest import RULES

SIGNED = "  - {id: ask, approve: send_message, when: to == 'boss', by: finance}\n  - id: blocked"


def ruled(registry: Registry, old: str = "  - id: blocked", new: str = SIGNED) -> Policy:
    """The test's rules, under which a message to the boss needs finance, or with another change."""
    return parse_policy(RULES.replace(old, new).encode(), "policies.yaml", registry)


def doubtful(engine: Engine, *after: dict[str, Any], to: str = "ann") -> PlanRecord:
    """A plan whose first action is in doubt."""
    plan = submit(engine, message(to, how="badly"), *after)
    assert statuses(plan)[0] == "in_doubt"
    return plan


def signed_doubt(engine: Engine) -> PlanRecord:
    """A plan whose one action was signed by fay, and is in doubt."""
    engine.policy = ruled(engine.registry)
    plan = submit(engine, message("boss", how="badly"))
    sign(engine, only_approval(engine, plan), FAY)
    (plan,) = engine.resume(FAY, plan=plan.id)
    assert statuses(plan) == ["in_doubt"]
    return plan


def refusal(engine: Engine, plan: PlanRecord, actor: Actor, number: int = 1) -> str:
    """Why *actor* may not resolve it; nothing but the refusal is recorded."""
    before = events(engine, plan.id)
    with pytest.raises(Refused) as refused:
        engine.resolve(plan.id, number, actor, done=True, reason="seen")
    assert events(engine, plan.id) == [*before, "refused"]
    assert statuses(engine.plan(plan.id)) == statuses(plan)
    assert_verifies(engine)
    return str(refused.value)


def test_what_was_done_is_done(open_wide: Engine) -> None:
    """Resolved as done it is done, with who said so and why, and what needs it goes on."""
    plan = doubtful(open_wide, message("bob", needs=(1,)))
    resolved = open_wide.resolve(plan.id, 1, MIRA, done=True, reason="ann has it")
    assert statuses(resolved) == ["done", "ready"]
    assert (resolved.actions[0].error, resolved.actions[0].attempt) == ("resolved as done by mira: ann has it", 1)
    assert statuses(open_wide.resume(MIRA)[0]) == ["done", "done"]
    assert len(OUTBOX) == 2
    with open_wide.store.read() as tx:
        (said,) = (one for one in tx.entries(plan.id) if one.event == "resolved")
    assert (said.actor.id, said.action, dict(said.data)) == ("mira", 1, {"verb": "done", "reason": "ann has it"})
    assert_verifies(open_wide)


def test_what_was_not_done_is_run_with_the_same_key(open_wide: Engine) -> None:
    """Resolved as not done it is decided anew and runs again, with the key that it had."""
    plan = doubtful(open_wide)
    resolved = open_wide.resolve(plan.id, 1, MIRA, done=False, reason="ann has nothing")
    assert statuses(resolved) == ["ready"]
    (resumed,) = open_wide.resume(MIRA)
    assert (statuses(resumed), resumed.actions[0].attempt) == (["in_doubt"], 2)
    assert [f"ann {plan.actions[0].key}"] * 2 == OUTBOX
    assert_verifies(open_wide)


def test_old_votes_do_not_count_for_what_was_not_done(open_wide: Engine) -> None:
    """What was signed and is resolved as not done must be signed anew, by fresh votes on a new approval."""
    plan = signed_doubt(open_wide)
    open_wide.resolve(plan.id, 1, FINN, done=False, reason="the boss has nothing")
    (resumed,) = open_wide.resume(FINN)
    assert statuses(resumed) == ["waiting"]
    assert len(OUTBOX) == 1
    with open_wide.store.read() as tx:
        old, new = tx.approvals_of(plan.id)
        assert (old.status, new.status) == (ApprovalStatus.REPLACED, ApprovalStatus.WAITING)
        assert tx.votes(new.id) == []
    sign(open_wide, new, FAY)
    assert statuses(open_wide.resume(FAY)[0]) == ["in_doubt"]
    assert len(OUTBOX) == 2
    assert_verifies(open_wide)


@pytest.mark.parametrize(
    ("rule", "after"), [("  - {id: stop, deny: send_message}\n", ["denied"]), ("", ["in_doubt"])], ids=["denied", "allowed"]
)
def test_what_was_not_done_is_decided_by_the_rules_in_force(open_wide: Engine, rule: str, after: list[str]) -> None:
    """The rules in force now decide: what they deny is denied; what they allow without a signature runs without one."""
    plan = signed_doubt(open_wide)
    open_wide.policy = ruled(open_wide.registry, "  - id: blocked", f"{rule}  - id: blocked")
    open_wide.resolve(plan.id, 1, MIRA, done=False, reason="the boss has nothing")
    assert statuses(open_wide.resume(MIRA)[0]) == after
    assert_verifies(open_wide)


@pytest.mark.parametrize("actor", [FAY, FINN, MIRA, OMAR], ids=lambda actor: actor.id)
def test_who_may_sign_it_and_approvers_resolve_it(open_wide: Engine, actor: Actor) -> None:
    """Those who fill a seat that the rules ask for now may resolve it, and the approvers."""
    plan = signed_doubt(open_wide)
    assert statuses(open_wide.resolve(plan.id, 1, actor, done=True, reason="seen")) == ["done"]


@pytest.mark.parametrize(
    ("actor", "reason"),
    [
        (DANA, "dana asked for action 1 of .* and cannot resolve it; somebody else must"),
        (Actor(id="Dana"), "Dana asked for action 1 of .* and cannot resolve it"),
        (Actor(id="zoe"), "zoe may not resolve action 1 of .*: that is for finance or manager"),
    ],
    ids=["requester", "requester by another spelling", "nobody"],
)
def test_nobody_else_resolves_it(open_wide: Engine, actor: Actor, reason: str) -> None:
    """The requester, under whatever spelling, and people without a say are refused, which is recorded."""
    plan = signed_doubt(open_wide)
    assert re.search(reason, refusal(open_wide, plan, actor))


def test_a_manager_who_asked_resolves_nothing_of_it(open_wide: Engine) -> None:
    """Who asked is refused though they are one of the approvers."""
    plan = submit(open_wide, message(how="badly"), actor=MIRA)
    assert "mira asked for action 1" in refusal(open_wide, plan, MIRA)
    assert statuses(open_wide.resolve(plan.id, 1, OMAR, done=True, reason="seen")) == ["done"]


def test_a_claimed_identity_resolves_only_where_it_counts(open_wide: Engine) -> None:
    """Where the file does not let claimed identities decide, they resolve nothing; an identified one does."""
    plan = doubtful(open_wide)
    open_wide.policy = ruled(open_wide.registry, "identity: claimed\n", "")
    assert "mira is only claimed" in refusal(open_wide, plan, MIRA)
    mira = Actor(id="mira", how=Identification.OS, os_user=1)
    assert statuses(open_wide.resolve(plan.id, 1, mira, done=True, reason="seen")) == ["done"]


@pytest.mark.parametrize("number", [2, 3, 4])
def test_only_what_is_in_doubt_is_resolved(open_wide: Engine, number: int) -> None:
    """What is done, waits or is held is no doubt: nobody can say that it was done, nor have it run again."""
    plan = doubtful(open_wide, deposit("5"), transfer("150.00"), message(needs=(1,)))
    assert "and not in doubt: there is nothing to resolve" in refusal(open_wide, plan, MIRA, number)


def test_resolved_once(open_wide: Engine) -> None:
    """What one has resolved nobody resolves again."""
    plan = doubtful(open_wide)
    resolved = open_wide.resolve(plan.id, 1, MIRA, done=True, reason="seen")
    assert "action 1 of" in refusal(open_wide, resolved, OMAR)


@pytest.mark.parametrize(
    ("number", "reason", "told"),
    [(0, "seen", "has no action 0"), (9, "seen", "has no action 9"), (1, " ", "needs a reason"), (1, "x" * 1001, "1,001")],
)
def test_wrong_use_changes_nothing(open_wide: Engine, number: int, reason: str, told: str) -> None:
    """An action that there is not, or a reason that says nothing or too much, is wrong use."""
    plan = doubtful(open_wide)
    with pytest.raises(UsageError, match=told):
        open_wide.resolve(plan.id, number, MIRA, done=True, reason=reason)
    assert statuses(open_wide.plan(plan.id)) == ["in_doubt"]


def test_without_approvers_nobody_who_signs_nothing_resolves(open_wide: Engine) -> None:
    """Where the rules ask nobody and name no approvers, it is told what is missing."""
    plan = doubtful(open_wide)
    text = RULES.replace("approvers: manager\n", "").replace("    by: manager\n", "    by: finance\n")
    open_wide.policy = parse_policy(text.encode(), "policies.yaml", open_wide.registry)
    assert "that is for the `approvers` of the policies, which name none" in refusal(open_wide, plan, MIRA)


# -- the command


@pytest.fixture
def doubt(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a plan whose first action is in doubt; the command line knows its type."""
    (cli.folder / "post.py").write_text(POST)
    monkeypatch.syspath_prepend(cli.folder)
    monkeypatch.setenv("SIGNOFF_ACTIONS", "post:registry")
    return submit_in_doubt(cli, DEPOSIT | {"needs": [1]})


POST = """
from signoff.actions import Registry, action, bank_registry

@action
def post_letter(text: str) -> str:
    return "posted"

bank = bank_registry()
registry = Registry(*bank.values(), post_letter, migrations=bank.migrations)
"""


def resolve(cli: CommandLine, id_: str, *more: str, who: str = "mira") -> Any:
    """Resolve it, with a reason."""
    return cli("resolve", id_, "--as", who, "--reason", "asked them", "--json", *more)


@pytest.mark.parametrize(("outcome", "result"), [("--done", None), ("--not-done", "posted")])
def test_the_command_resolves_and_goes_on(cli: CommandLine, doubt: str, outcome: str, result: str | None) -> None:
    """`resolve` settles it, and then runs what that releases; the log tells who said what and why."""
    ran = resolve(cli, f"{doubt}/1", outcome)
    assert ran.code == 0
    assert [(one["status"], one["attempt"]) for one in ran.json["actions"]] == [("done", 1 if result is None else 2), ("done", 1)]
    assert ran.json["actions"][0]["result"] == result
    log = cli.wide("audit", "log", doubt, "--status", "resolved").out
    assert f"{outcome[2:].replace('-', ' ')}: asked them" in log
    assert cli("queue").code == 0
    assert cli("audit", "verify").code == 0


def test_the_command_only_says_so_where_it_is_told_to(cli: CommandLine, doubt: str) -> None:
    """With --no-run nothing goes on until `resume`."""
    assert [one["status"] for one in resolve(cli, f"{doubt}/1", "--done", "--no-run").json["actions"]] == ["done", "ready"]
    assert [one["status"] for one in cli("resume", "--json").json["actions"]] == ["done", "done"]


def test_the_command_is_shown_with_the_plan(cli: CommandLine, doubt: str) -> None:
    """`show` tells how to settle what is in doubt."""
    told = f"signoff resolve {doubt}/1 --as WHO --done|--not-done --reason TEXT"
    assert told in cli.wide("show", doubt).out
    assert told in cli.wide("queue").out


@pytest.mark.parametrize("id_", ["", "p-1", "p-1/", "p-1/x", "p-1/-1", "p-1/1/1", "p-1/²", "p-1/" + "9" * 30])
def test_an_id_that_names_no_action_is_wrong_usage(cli: CommandLine, doubt: str, id_: str) -> None:
    """The id names a plan and a number in it."""
    ran = cli("resolve", id_, "--as", "mira", "--done", "--reason", "seen")
    assert ran.code == 2
    assert "write its plan and its number, as in p-12ab/2" in ran.err


def test_a_refused_resolve_ends_with_4(cli: CommandLine, doubt: str) -> None:
    """Who may not resolve it is told so; an unknown plan is wrong usage."""
    assert resolve(cli, f"{doubt}/1", "--done", who="zoe").code == 4
    assert resolve(cli, "p-zzzz/1", "--done").code == 2
    assert cli("queue").code == 7
