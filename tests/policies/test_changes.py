"""What a new policies file changes, and what becomes looser by it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.canonical import canonical, parse
from signoff.policies import Policy, compare_policies

Load = Callable[[str], Policy]

FILE = """version: 1
currency: USD
approvers: manager
roles: {manager: [mira, omar], finance: [fay, finn]}
lists: {blocked: [Mallory Ltd], unread: [x]}
rules:
- id: everyday
  allow: [transfer, pay_bill]
- id: large
  approve: transfer
  when: amount > 100
  by: {role: finance, count: 2}
  within: 2h
- id: blocked
  deny: [transfer, order]
  when: to in lists.blocked
"""


@pytest.mark.parametrize(
    ("old", "new", "looser"),
    [
        ("currency: USD", "currency: EUR", ["plain numbers in rules are in EUR now, not in USD"]),
        (
            "approvers: manager",
            "approvers: finance",
            ["finance signs now where nobody is named", "a change of pinned policies needs 1 finance now"],
        ),
        ("approvers: manager", "approvers: manager\nchanges: {role: manager, count: 2}", []),
        ("approvers: manager", "approvers: manager\nchanges: finance", ["a change of pinned policies needs 1 finance now"]),
        ("currency: USD", "currency: USD\nwithin: 2d", ["where no rule says how long, people have 172800 seconds to sign now"]),
        ("currency: USD", "currency: USD\nwithin: 2h", []),
        (
            "currency: USD",
            "currency: USD\ndelegation: 14d",
            ["whoever signs may hand their seats to somebody else for 336h now"],
        ),
        ("currency: USD", "currency: USD\nremind: 1h", []),
        ("within: 2h", "within: 2h\n  remind: 1h", []),
        ("within: 2h", "within: 2h\n  self: allowed", ["the approve rule large changed: self"]),
        ("within: 2h", "within: 2h\n  then: {after: 1h, ask: manager}", ["the approve rule large changed: then"]),
        ("by: {role: finance, count: 2}", "by: [{role: finance, count: 2}, manager]", []),
        ("by: {role: finance, count: 2}", "by: {people: [fay, finn]}", ["the approve rule large changed: by"]),
        (
            "approvers: manager",
            "identity: claimed",
            ["votes count now although nothing checks who votes (identity: claimed)"],
        ),
        ("lists:", "invariants: [{never: allow order}]\nlists:", []),
        ("lists:", "default: {approve: manager}\nlists:", ["what no allow rule speaks for is approved by manager now"]),
        ("[mira, omar]", "[mira, olga]", ["olga has the role manager now"]),
        ("[mira, omar]", "[mira]", []),
        (
            "[Mallory Ltd]",
            "[Eve]",
            ["the list blocked changed (added Eve; removed Mallory Ltd), and blocked reads it"],
        ),
        ("unread: [x]", "unread: [y]", []),
        ("allow: [transfer, pay_bill]", "allow: [transfer, order]", ["the allow rule everyday changed: actions"]),
        ("allow: [transfer, pay_bill]", "allow: '*'", ["the allow rule everyday changed: actions"]),
        ("allow: [transfer, pay_bill]", "allow: transfer", []),
        ("[transfer, pay_bill]", "[transfer, pay_bill]\n  because: x", []),
        ("[transfer, pay_bill]", "[transfer, pay_bill]\n  when: has(amount)", ["the allow rule everyday changed: when"]),
        ("amount > 100", "amount > 200", ["the approve rule large changed: when"]),
        ("count: 2", "count: 1", ["the approve rule large changed: by"]),
        ("role: finance, count: 2", "role: manager, count: 2", ["the approve rule large changed: by"]),
        ("within: 2h", "within: 3h", ["the approve rule large changed: within"]),
        ("within: 2h", "within: 1h", []),
        ("  within: 2h\n", "", ["the approve rule large changed: within"]),
        ("rules:", "rules:\n- id: more\n  approve: transfer\n  within: 300d", []),
        ("within: 2h", "unless: to == 'A'", ["the approve rule large changed: unless, within"]),
        ("deny: [transfer, order]", "deny: transfer", ["the deny rule blocked changed: actions"]),
        ("deny: [transfer, order]", "approve: [transfer, order]", ["the deny rule blocked is gone"]),
        (
            "deny: [transfer, order]",
            "allow: [transfer, order]",
            ["the deny rule blocked is gone", "the allow rule blocked is new"],
        ),
        ("allow: [transfer, pay_bill]", "deny: [transfer, pay_bill]", []),
        ("id: blocked", "id: stopped", ["the deny rule blocked is gone"]),
        ("id: everyday", "id: daily", ["the allow rule daily is new"]),
        ("rules:", "rules:\n- id: more\n  deny: '*'", []),
    ],
)
def test_what_may_let_more_through_is_named(old: str, new: str, looser: list[str], load: Load) -> None:
    """Every change that may let more through has a sentence, and one that cannot has none."""
    assert FILE.count(old) == 1
    change = compare_policies(load(FILE).outline(), load(FILE.replace(old, new)).outline())
    assert list(change.looser) == looser


def test_a_time_that_is_added_may_be_longer(load: Load) -> None:
    """A rule without `within` gives a day: more than that is named, less or just that is not."""
    text = FILE.replace("  within: 2h\n", "")
    for within, looser in (("48h", ("the approve rule large changed: within",)), ("24h", ()), ("1h", ())):
        new = text.replace("count: 2}\n", f"count: 2}}\n  within: {within}\n")
        assert compare_policies(load(text).outline(), load(new).outline()).looser == looser


def test_standing_in_sooner_is_looser(load: Load) -> None:
    """Who stands in sooner, or for more seats, is named; later, or fewer of them, is not."""
    text = FILE.replace("within: 2h", "within: 2h\n  then: {after: 1h, ask: [manager, {people: [zoe]}]}")
    for new, looser in (("after: 59m", ("the approve rule large changed: then",)), ("after: 61m", ())):
        assert compare_policies(load(text).outline(), load(text.replace("after: 1h", new)).outline()).looser == looser
    fewer = text.replace("[manager, {people: [zoe]}]", "manager")
    assert compare_policies(load(text).outline(), load(fewer).outline()).looser == ()


def test_roles_that_conditions_read(load: Load) -> None:
    """Where a rule reads `actor.roles`, taking a role away may let more through."""
    text = FILE + "- id: not-finance\n  deny: transfer\n  when: '\"finance\" in actor.roles'\n"
    change = compare_policies(load(text).outline(), load(text.replace("[fay, finn]", "[fay, finn, gil]")).outline())
    assert change.looser == ("gil has the role finance now",)
    change = compare_policies(load(text.replace("[fay, finn]", "[fay, finn, gil]")).outline(), load(text).outline())
    assert change.looser == ("gil has the role finance no longer, and not-finance reads actor.roles",)


def test_a_change_is_named_in_full(load: Load) -> None:
    """Rules, roles, lists and settings that differ are all named, and the change is canonical JSON."""
    new = FILE.replace("id: everyday", "id: daily").replace("amount > 100", "amount > 5").replace("[fay, finn]", "[fay, gil]")
    new = new.replace("unread: [x]", "other: []").replace("currency: USD", "currency: USD\nzone: UTC")
    change = compare_policies(load(FILE).outline(), load(new).outline()).to_json()
    assert canonical(change)
    assert change == {
        "rules_added": ["daily"],
        "rules_removed": ["everyday"],
        "rules_changed": ["large"],
        "roles_changed": {"finance": {"added": ["gil"], "removed": ["finn"]}},
        "lists_changed": ["other", "unread"],
        "tables_changed": [],
        "counters_changed": [],
        "settings_changed": ["zone"],
        "looser": ["gil has the role finance now", "the allow rule daily is new", "the approve rule large changed: when"],
    }


def test_the_first_policy(load: Load) -> None:
    """Compared with no policy at all, everything is added, and what grants is looser."""
    change = compare_policies({}, load(FILE).outline())
    assert change.rules_added == ("everyday", "large", "blocked")
    assert "the allow rule everyday is new" in change.looser
    assert "mira has the role manager now" in change.looser


@given(st.sampled_from(["USD", "EUR"]), st.sampled_from([FILE, FILE + "default: {approve: finance}\n"]))
def test_nothing_changes_against_itself(load: Load, currency: str, text: str) -> None:
    """An outline survives canonical JSON, and a policy compared with itself differs in nothing."""
    outline = load(text.replace("USD", currency)).outline()
    stored = parse(canonical(outline))
    assert stored == outline
    assert compare_policies(stored, outline) == compare_policies({}, {})


def test_an_invariant_that_is_gone_is_named(load: Load) -> None:
    """A file that no longer promises something lets more through later, so that is told; one more promise is no matter."""
    promised = load(FILE + "invariants: [{never: allow transfer, when: amount  >  100}]\n")
    gone = compare_policies(promised.outline(), load(FILE).outline())
    assert gone.looser == ("the file does not say any more: never allow transfer when amount  >  100",)
    assert gone.settings_changed == ("invariants",)
    assert compare_policies(load(FILE).outline(), promised.outline()).looser == ()
    older = {name: value for name, value in load(FILE).outline().items() if name != "invariants"}
    assert compare_policies(older, load(FILE).outline()).settings_changed == ()
