"""How two policies differ in what they decide: every way with an action that shows it."""

from collections.abc import Callable

import pytest

from signoff.policies import Policy, Way, find_differences

Load = Callable[[str], Policy]

FILE = """version: 1
currency: USD
approvers: manager
identity: claimed
roles: {manager: [mira, omar], finance: [fay, finn]}
lists: {blocked: [Mallory Ltd], trusted: [Alice, Bob], unread: [x]}
tables: {limits: {Alice: 500, Bob: 900}}
counters: {sent: {sum: amount, of: transfer, by: [currency], window: 24h}}
rules:
- id: everyday
  allow: [transfer, pay_bill]
- id: large
  approve: transfer
  when: amount > 100
  by: {role: finance, count: 2}
  within: 2h
- id: limited
  deny: transfer
  when: to in tables.limits and amount > tables.limits[to]
- id: daily
  deny: transfer
  when: counters.sent > 25_000
- id: blocked
  deny: [transfer, order]
  when: to in lists.blocked
- id: at-night
  deny: transfer
  when: now.hour < 6
  unless: '"manager" in actor.roles or to in lists.trusted'
"""


def told(way: Way) -> str:
    """A way in one line: the type, before and after, what is looser, and what its example has."""
    wire = {name: value for name, value in way.example.action.wire().items() if name in ("to", "amount")}
    looser = f" ({'; '.join(way.looser)})" if way.looser else ""
    return f"{way.type} {way.was.effect}->{way.becomes.effect}{looser} {wire.get('to')} {wire.get('amount')}"


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        ("amount > 100", "amount > 200", "transfer approve->allow (allow instead of approve) Somebody 200.00"),
        ("amount > 100", "amount > 60", "transfer allow->approve Somebody 70.00"),
        ("amount > 100", "amount >= 100", "transfer allow->approve Somebody 100.00"),
        ("Alice: 500", "Alice: 600", "transfer deny->approve (approve instead of deny) Alice 600.00"),
        ("Alice: 500", "Zed: 5", "transfer deny->approve (approve instead of deny) Alice 600.00"),
        ("[Mallory Ltd]", "[Mallory Ltd, Zed]", "transfer allow->deny Zed 10.00"),
        ("[Mallory Ltd]", "[]", "transfer deny->allow (allow instead of deny) Mallory Ltd 10.00"),
        ("[Alice, Bob]", "[Alice]", "transfer allow->deny Bob 10.00"),
        ("25_000", "20_000", "transfer approve->deny Somebody 21000.00"),
        ("sum: amount, of: transfer, by: [currency]", "count: transfer", "transfer deny->approve (approve instead of deny)"),
        ("now.hour < 6", "now.hour < 5", "transfer deny->allow (allow instead of deny) Somebody 10.00"),
        ("count: 2", "count: 1", "transfer approve->approve (1 finance, not 2) Somebody"),
        ("within: 2h", "within: 3h", "transfer approve->approve (more time to sign) Somebody"),
        ("within: 2h", "within: 1h", "transfer approve->approve Somebody"),
        ("within: 2h", "within: 2h\n  self: allowed", "transfer approve->approve (the requester's own vote counts) Somebody"),
        (
            "within: 2h",
            "within: 2h\n  then: {after: 1h, ask: manager}",
            "transfer approve->approve (manager may stand in for finance) Somebody",
        ),
        ("[fay, finn]", "[fay, finn, gil]", "transfer approve->approve (gil may sign as finance) Somebody"),
        ("[fay, finn]", "[fay, gil]", "transfer approve->approve (gil may sign as finance) Somebody"),
        ("identity: claimed\n", "", "transfer approve->approve Somebody"),
        ("[mira, omar]", "[mira, omar, eve]", "transfer deny->allow (allow instead of deny) Somebody 10.00"),
        ("allow: [transfer, pay_bill]", "allow: transfer", "pay_bill allow->deny None None"),
        ("allow: [transfer, pay_bill]", "allow: [transfer, pay_bill, order]", "order deny->allow (allow instead of deny)"),
        ("rules:", "default: {approve: manager}\nrules:", "check_balance deny->approve (approve instead of deny)"),
        ("rules:", "rules:\n- {id: none, deny: transfer}", "transfer allow->deny Somebody 10.00"),
        ("rules:", "zone: Asia/Tokyo\nrules:", "transfer "),
        ("currency: USD", "currency: EUR", "transfer "),
    ],
)
def test_a_change_is_shown_by_an_action(old: str, new: str, first: str, load: Load) -> None:
    """Every change that decides something is shown by an action that both files decide otherwise, and a simple one."""
    assert FILE.count(old) == 1
    before, after = load(FILE), load(FILE.replace(old, new))
    found = find_differences(before, after)
    assert found.unshown == ()
    assert any(told(way).startswith(first) for way in found.ways), [told(way) for way in found.ways]
    for way in found.ways:
        assert way.example.decided_by(before) == way.before != way.after == way.example.decided_by(after)
    assert [way for way in found.ways if way.looser] == list(found.lets_through)
    assert list(found.ways[: len(found.lets_through)]) == list(found.lets_through)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("unread: [x]", "unread: [y]"),
        ("id: large", "id: large-transfer"),
        ("within: 2h", "within: 120m"),
        ("within: 2h", "within: 2h\n  because: x"),
        ("amount > 100", "(amount > 100)"),
        ("amount > 100", "not (amount <= 100)"),
        ("rules:", "rules:\n- {id: more, approve: transfer, when: amount > 5_000, by: finance}"),
        ("identity: claimed", "identity: claimed\nchanges: {role: manager, count: 2}"),
    ],
)
def test_what_decides_alike_has_no_ways(old: str, new: str, load: Load) -> None:
    """A change of words, of what nothing reads, or of what other rules ask for anyway, is no way to decide otherwise."""
    assert FILE.count(old) == 1
    found = find_differences(load(FILE), load(FILE.replace(old, new)))
    assert (found.ways, found.beyond) == ((), ())


def test_a_renamed_rule_is_named(load: Load) -> None:
    """A rule with another id that says the same is told as that, and nothing is tried for it."""
    found = find_differences(load(FILE), load(FILE.replace("id: large", "id: big")))
    assert (found.renamed, found.unshown, found.tried) == ({"large": "big"}, (), 0)
    other = find_differences(
        load(FILE),
        load(
            FILE.replace(
                "id: large\n  approve: transfer\n  when: amount > 100", "id: big\n  approve: transfer\n  when: amount > 99"
            )
        ),
    )
    assert other.renamed == {}
    assert [(way.rules_gone, way.rules_new) for way in other.ways] == [(("everyday",), ("big",))]


def test_what_no_action_shows_is_named(load: Load) -> None:
    """A rule that others hide is named; another window of a counter, and who changes pinned files, may let more through."""
    hidden = FILE.replace("rules:", "rules:\n- {id: more, approve: transfer, when: amount > 5_000, by: finance}")
    assert find_differences(load(FILE), load(hidden)).unshown == ("the rule more is new",)
    week = find_differences(load(FILE), load(FILE.replace("window: 24h", "window: 7d")))
    assert week.ways == ()
    assert week.beyond == ("the counter sent changed, and daily reads it",)
    changes = FILE.replace("identity: claimed", "identity: claimed\nchanges: {role: manager, count: 2}")
    fewer = find_differences(load(changes), load(FILE))
    assert fewer.beyond == ("a change of pinned policies needs 1 manager now",)
    assert fewer.unshown == ("`changes` changed",)
    joined = find_differences(load(changes), load(changes.replace("[mira, omar]", "[mira, omar, eve]")))
    assert joined.beyond == ("eve may agree to a change of pinned policies as manager now",)
    left = find_differences(load(changes), load(changes.replace("[mira, omar]", "[mira]").replace("count: 2", "count: 1")))
    assert left.beyond == ("a change of pinned policies needs 1 manager now",)


def test_other_rules_are_led_out_of_the_way(load: Load) -> None:
    """A threshold that counts only where five other rules leave room for it is shown all the same."""
    others = """- {id: one, deny: transfer, unless: 'to == "Zed"'}
- {id: two, deny: transfer, when: not in_request(to) or currency != "USD"}
- {id: three, deny: transfer, when: plan.size != 7}
- {id: four, deny: transfer, when: now.weekday != "friday" or now.hour != 17}
- {id: five, deny: transfer, unless: actor.id == "fay"}
"""
    old, new = (load(FILE + others + f"- {{id: mine, deny: transfer, when: {n} < amount < 90}}\n") for n in (20, 30))
    found = find_differences(old, new)
    (way,) = [one for one in found.ways if one.becomes.effect == "allow"]
    assert way.rules_gone == ("mine",)
    example = way.example
    assert (example.actor.id, example.plan_size, example.action.wire()["amount"]) == ("fay", 7, "30.00")


@pytest.mark.parametrize(
    ("old", "new", "looser"),
    [
        ("within: 1h", "within: 2h", ("more time to sign",)),
        ("[mira, omar]", "[mira, omar, eve]", ("eve may sign as manager",)),
        ("default: {approve: manager}", "default: {approve: finance}", ("1 manager not asked",)),
        ("default: {approve: manager}", "default: deny", ()),
        ("identity: claimed", "changes: manager", ()),
    ],
)
def test_what_no_allow_rule_speaks_for(old: str, new: str, looser: tuple[str, ...], load: Load) -> None:
    """Who signs what no rule allows, and for how long, is part of what is compared."""
    file = """version: 1
default: {approve: manager}
within: 1h
identity: claimed
roles: {manager: [mira, omar], finance: [fay]}
rules:
- {id: some, allow: transfer, when: to == "Alice"}
"""
    found = find_differences(load(file), load(file.replace(old, new)))
    assert {way.type for way in found.ways} == {"check_balance", "transfer", "pay_bill", "order"}
    assert {way.looser for way in found.ways} == {looser}
    assert found.unshown == (("`changes` changed",) if "changes" in new else ())


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ('now.date == "2026-03-01"', "Europe/Berlin", "America/New_York"),
        ('now.weekday == "sunday"', "Europe/Berlin", "Europe/London"),
        ('now.date <= "2026-03-01"', "America/New_York", "Europe/Berlin"),
        ("price * tables.rates[to] > 1_000", "Alice: 5", "Alice: 4"),
        ("price * tables.rates[to] > 1_000", "> 1_000", "> 1_005"),
        ("actor.roles contains to", "actor.roles contains to", 'to == "x"'),
    ],
)
def test_what_depends_on_two_parts_is_found(rule: str, old: str, new: str, load: Load) -> None:
    """Where a day begins in another zone, what is multiplied by a table's number, and a text that is a role's name."""
    file = f"""version: 1
currency: USD
zone: Europe/Berlin
roles: {{manager: [mira]}}
tables: {{rates: {{Alice: 5, Bob: 2}}}}
rules:
- {{id: everyday, allow: order}}
- {{id: other, deny: order, when: '{rule}'}}
"""
    if "/" in old:
        file = file.replace("Europe/Berlin", old)
    found = find_differences(load(file), load(file.replace(old, new)))
    assert "allow instead of deny" in {words for way in found.lets_through for words in way.looser}, found


def test_work_is_bounded(load: Load) -> None:
    """No more situations are decided than are asked for, however many rules differ."""
    rules = "".join(
        f"- {{id: r{number}, deny: transfer, when: to == 'P{number}' and amount > {number}}}\n" for number in range(60)
    )
    found = find_differences(load(FILE), load(FILE + rules), most=2_000)
    assert 0 < found.tried <= 2_000
    assert found.ways


def test_what_lets_more_through_is_kept_among_many_ways(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ways there are, those that let more through have their own room, and no rule is called hidden wrongly."""
    monkeypatch.setattr("signoff.policies.differences.MAX_WAYS", 3)
    rules = "".join(f"- {{id: r{number}, deny: transfer, when: to == 'P{number}'}}\n" for number in range(8))
    found = find_differences(load(FILE), load(FILE.replace("[Mallory Ltd]", "[]") + rules))
    assert found.more
    assert len(found.lets_through) >= 1
    assert len(found.ways) - len(found.lets_through) == 3
    assert found.unshown == ()


def test_candidates_of_another_kind(load: Load) -> None:
    """Who else knows situations that tell files apart can give them, and say that there are no others."""
    old, new = load(FILE), load(FILE.replace("amount > 100", "amount > 200"))
    (way,) = find_differences(old, new).ways
    found = find_differences(old, new, candidates=lambda *_: iter([way.example]), proved=True)
    assert [one.example.action for one in found.ways] == [way.example.action]
    assert (found.tried, found.proved) == (1, True)
    assert find_differences(old, new, candidates=lambda *_: iter(())).ways == ()


def test_what_a_file_promises_decides_nothing(load: Load) -> None:
    """Another invariant is told as a change of the file, and needs no action that shows it."""
    found = find_differences(load(FILE), load(FILE + "invariants: [{never: allow order}]\n"))
    assert (found.ways, found.unshown, found.change.settings_changed) == ((), (), ("invariants",))
