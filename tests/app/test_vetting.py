"""A policies file whose own tests fail is put in force by nobody, in no way."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from signoff import Engine, vetting
from signoff.errors import PolicyChanged
from signoff.news import RulesFile
from signoff.policies import PoliciesInvalid, Policy, load_policy
from tests.app.banking import DANA, LOOSE, MIRA, OMAR, TWO, Open, deposit, only_approval, plan_of, submit, transfer
from tests.app.conftest import BALANCE, CommandLine
from tests.app.talks import RULES_ALONE, Talk
from tests.conftest import RULES, rules

TEST = "tests:\n  - {do: {type: transfer, to: Bob, amount: 150}, expect: approve}\n"
GOOD, BAD = RULES + TEST, RULES.replace("amount > 100", "amount > 200") + TEST
OTHER = RULES.replace("amount > 100", "amount > 120") + TEST  # other rules, under which the test passes, too
FAILED = r"error\[test\]: expected approve, got allow: everyday"


def in_force(engine: Engine) -> str | None:
    with engine.store.read() as tx:
        return tx.active_policy()


def entries(engine: Engine) -> int:
    with engine.store.read() as tx:
        return len(list(tx.entries()))


def waiting(engine: Engine) -> list[str]:
    """The plans in which something waits."""
    with engine.store.read() as tx:
        return list(dict.fromkeys(approval.plan for approval, _ in tx.queue()))


@pytest.fixture
def good(open_engine: Open) -> Engine:
    """An engine whose rules are in force, with a transfer that waits."""
    engine = open_engine(rules(GOOD))
    submit(engine, transfer("150.00"))
    return engine


VERBS: dict[str, Callable[[Engine, str, str], object]] = {
    "submit": lambda engine, plan, _: engine.submit(plan_of(engine, deposit("5")), DANA),
    "resume": lambda engine, plan, _: engine.resume(MIRA),
    "approve": lambda engine, plan, approval: engine.approve(approval, MIRA, digest="0" * 64),
    "reject": lambda engine, plan, approval: engine.reject(approval, MIRA, reason="no"),
    "cancel": lambda engine, plan, _: engine.cancel(plan, DANA),
    "pin": lambda engine, plan, _: engine.pin(MIRA),
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_no_verb_adopts_it(verb: Callable[[Engine, str, str], object], good: Engine, open_engine: Open) -> None:
    """Whatever an engine with such a policy is told, it refuses with the test that fails; nothing is recorded."""
    (plan,) = waiting(good)
    approval = only_approval(good, good.plan(plan)).id
    before = (in_force(good), entries(good))
    bad = open_engine(rules(BAD))
    with pytest.raises(PoliciesInvalid, match=FAILED):
        verb(bad, plan, approval)
    bad = open_engine(rules(GOOD))
    bad.policy = rules(BAD)  # the same where it is set later
    with pytest.raises(PoliciesInvalid, match=FAILED):
        verb(bad, plan, approval)
    assert (in_force(good), entries(good)) == before


def test_a_verb_that_forgets_to_ask_adopts_nothing(good: Engine, open_engine: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """What puts a policy in force asks for itself: its transaction ends without a change."""
    before = (in_force(good), entries(good))
    monkeypatch.setattr("signoff.in_force.InForce.vet", lambda self: None)
    with pytest.raises(PoliciesInvalid, match=FAILED):
        submit(open_engine(rules(BAD)), deposit("5"))
    assert (in_force(good), entries(good)) == before


def test_the_first_policy_is_no_exception(open_engine: Open) -> None:
    """Where nothing is in force yet, such a policy is not put in force either."""
    engine = open_engine(rules(BAD))
    with pytest.raises(PoliciesInvalid, match=FAILED):
        submit(engine, deposit("5"))
    assert (in_force(engine), entries(engine)) == (None, 0)


def test_the_old_policy_decides_on(good: Engine) -> None:
    """A policy that is not taken up changes nothing: the one before decides the next plan."""
    with pytest.raises(PoliciesInvalid, match=FAILED):
        good.take_up(lambda: rules(BAD))
    assert [one.status for one in submit(good, transfer("150.00")).actions] == ["waiting"]
    good.take_up(lambda: rules(OTHER))
    assert [one.status for one in submit(good, transfer("110.00")).actions] == ["done"]


def test_load_and_pin_refuse_it(open_engine: Open) -> None:
    """Nobody's agreement is taken for such a file; for a good one it is."""
    pinned = open_engine(rules(TWO))
    assert [pinned.pin(who).made for who in (MIRA, OMAR)] == [False, True]
    before = entries(pinned)
    test = TEST.replace("150", "190")
    with pytest.raises(PoliciesInvalid, match=FAILED):
        open_engine(rules(LOOSE + test)).load(MIRA)
    assert entries(pinned) == before
    fine = LOOSE + test.replace("190", "210")
    assert [open_engine(rules(fine)).load(who).made for who in (MIRA, OMAR)] == [False, True]


@pytest.fixture
def vetted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digests of the policies whose tests were run."""
    seen: list[str] = []
    vet = vetting.vet

    def counted(policy: Policy) -> None:
        before = vet.cache_info().misses
        vet(policy)
        if vet.cache_info().misses > before:
            seen.append(policy.digest)

    for module in ("in_force", "opening", "tour"):
        monkeypatch.setattr(f"signoff.{module}.vet", counted, raising=False)
    return seen


def test_tests_run_once(open_engine: Open, vetted: list[str]) -> None:
    """A policy's tests run when it is put in force, and not again while it is: not by the next verb, nor by the next process."""
    policy = rules(GOOD)
    engine = open_engine(policy)
    for _ in range(3):
        submit(engine, deposit("5"))
        engine.resume(MIRA)
        engine.take_up(lambda: rules(GOOD))
    submit(open_engine(rules(GOOD)), deposit("5"))
    assert vetted == [policy.digest]
    engine.take_up(lambda: rules(OTHER))
    submit(engine, deposit("5"))
    assert vetted == [policy.digest, rules(OTHER).digest]
    engine.take_up(lambda: rules(GOOD))  # which was in force before, and is not now
    assert len(vetted) == 3


def test_unchanged_rules_cost_nothing(cli: CommandLine) -> None:
    """A command under rules that are in force does not even load what runs tests."""
    cli.policies.write_text(GOOD)
    told = "import atexit, sys\natexit.register(lambda: print('signoff.trials' in sys.modules, file=sys.stderr))"
    loaded = [cli.main_after(told, "run", "deposit 5").err.split()[-1] for _ in range(2)]
    assert loaded == ["True", "False"]


def test_outdated_before_untested(good: Engine, open_engine: Open, vetted: list[str]) -> None:
    """An engine whose rules were replaced stops for that reason, and runs no tests again."""
    submit(open_engine(rules(OTHER)), deposit("5"))
    vetted.clear()
    with pytest.raises(PolicyChanged):
        submit(good, deposit("5"))
    assert vetted == []


def test_rules_that_were_set_aside(engine: Engine, tmp_path: Path) -> None:
    """At the terminal an edit whose tests fail is shown, and taken up once it is mended."""
    path, out = tmp_path / "policies.yaml", StringIO()
    path.write_text(GOOD)
    engine.take_up(lambda: load_policy(path, engine.registry))
    file = RulesFile(engine, path, Console(file=out, width=200))
    path.write_text(BAD)
    file.take_up()
    assert file.unused
    assert "error[test]: expected approve, got allow" in out.getvalue()
    assert "The rules of policies.yaml from before this edit stay in force." in out.getvalue()
    path.write_text(OTHER)
    file.take_up()
    assert not file.unused
    assert "decides from now on" in out.getvalue()


# -- the commands


def test_commands_refuse_it(cli: CommandLine) -> None:
    """An edit whose tests fail: nothing is decided or recorded, the report says why, and the rules from before stay in force."""
    cli.policies.write_text(GOOD)
    approval = cli.waiting()
    before = cli.dump()
    cli.policies.write_text(BAD)
    signing = ("--as", "mira", "--digest", approval["digest"])
    for command in (
        ("run", "deposit 5"),
        ("run", "--plan", cli.plan_file(BALANCE)),
        ("plan", "deposit 5"),
        ("resume",),
        ("approve", approval["id"], *signing),
        ("reject", approval["id"], "--as", "mira", "--reason", "no"),
        ("cancel", approval["plan"], "--as", "dana"),
        ("policies", "pin", "--as", "mira"),
    ):
        ran = cli(*command)
        assert (ran.code, ran.out) == (5, ""), command
        assert ran.err.startswith("policies.yaml:28:58: error[test]: expected approve, got allow: everyday on line 12\n")
        assert "   28 |   - {do: {type: transfer, to: Bob, amount: 150}, expect: approve}\n" in ran.err
    told = cli("run", "deposit 5", "--json")
    assert (told.code, told.json["error"]["code"]) == (5, "policies-invalid")
    assert cli.dump() == before
    cli.policies.write_text(GOOD)
    assert cli("approve", approval["id"], *signing).code == 0


def test_no_database_is_made_for_it(cli: CommandLine) -> None:
    """The first command with such a file leaves no database behind."""
    cli.policies.write_text(BAD)
    for command in (("run", "deposit 5"), ("plan", "deposit 5"), ("demo",)):
        assert cli(*command).code == 5
    assert [path.name for path in cli.folder.iterdir()] == ["policies.yaml"]


def test_commands_load_only_what_passes(cli: CommandLine) -> None:
    """`policies load` refuses it, and takes a file whose tests pass."""
    cli.policies.write_text(GOOD)
    cli.waiting()
    assert cli("policies", "pin", "--as", "mira").code == 0
    before = cli.dump()
    ran = cli("policies", "load", cli.text_file("new.yaml", BAD), "--as", "mira")
    assert (ran.code, "new.yaml:28:58: error[test]" in ran.err) == (5, True)
    assert cli.dump() == before
    assert cli("policies", "load", cli.text_file("new.yaml", OTHER), "--as", "mira").code == 0


def test_the_demo_goes_on_with_the_old_rules(demo: Talk) -> None:
    """While the demo waits, an edit whose tests fail is shown; the rules from before decide until the file is mended."""
    demo.cli.policies.write_text(RULES_ALONE.replace("amount > 100\n", "amount > 500\n") + "\n" + TEST)
    shown = demo.session.wait_for("from before this edit stay in force.", patience=3)
    assert "error[test]: expected approve, got allow" in shown
    demo.say("send $120 to Bob", until="in a second terminal:")
    demo.edit("amount > 500\n", "amount > 130\n")
    demo.session.wait_for("decides from now on", patience=3)
    demo.say("send $125 to Bob", until="1 done Transfer 125.00 USD")
