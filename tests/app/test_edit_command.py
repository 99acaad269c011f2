"""`signoff edit`: texts become values, and what came of it is found in the log, on cards and in exports."""

from collections.abc import Callable
from typing import Any

import pytest

from signoff import UsageError
from signoff.actions import Effect, Registry, action, bank_registry
from signoff.canonical import Json
from signoff.editing import read_changes
from tests.app.conftest import TRANSFER, CommandLine


@action(effect=Effect.OPAQUE)
def book_room(room: str, seats: int, quiet: bool = False, guests: tuple[str, ...] = (), note: str | None = None) -> Json:
    """Book a room."""
    return room


ROOM = Registry(*bank_registry().values(), book_room, migrations=bank_registry().migrations)


@pytest.mark.parametrize(
    ("texts", "changes"),
    [
        (["room=Blue = best", "seats=12"], {"room": "Blue = best", "seats": 12}),
        (["quiet=true", 'guests=["ann", "bob"]'], {"quiet": True, "guests": ["ann", "bob"]}),
        (["note=null"], {"note": None}),
        (["room=null", "note="], {"room": "null", "note": ""}),
        (["colour=red"], {"colour": "red"}),
    ],
)
def test_texts_become_values(texts: list[str], changes: dict[str, Json]) -> None:
    """Texts are taken as they stand, all else is JSON; an unknown field is left for the action to refuse."""
    assert read_changes(texts, ROOM["book_room"]) == changes


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["room"], "write FIELD=VALUE"),
        (["=Blue"], "write FIELD=VALUE"),
        (["room=a", "room=b"], "twice"),
        (["seats=many"], "true, false or a whole number"),
        (["guests=ann"], "a list such as"),
    ],
)
def test_texts_that_say_nothing_are_errors(texts: list[str], why: str) -> None:
    """What cannot be meant is told."""
    with pytest.raises(UsageError, match=why):
        read_changes(texts, ROOM["book_room"])


def test_the_command_edits_and_goes_on(cli: CommandLine) -> None:
    """`signoff edit` tells what waits now; what is allowed runs at once, unless told otherwise."""
    asked = cli.waiting()
    ran = cli("edit", asked["id"], "--as", "mira", "--set", "amount=160", "--set", "to=Bob", "--reason", "typo", "--json")
    assert ran.code == 3
    (action,), (approval,) = ran.json["actions"], ran.json["approvals"]
    assert (action["revision"], action["action"]["amount"], action["action"]["to"]) == (2, "160.00", "Bob")
    assert (approval["revision"], approval["editors"], approval["digest"]) == (2, ["mira"], action["digest"])
    (queued,) = cli("queue", "--json").json["approvals"]
    assert (queued["id"], queued["revision"]) == (approval["id"], 2)
    assert "(revision 2)" in cli("queue").out
    log = " ".join(cli("audit", "log", approval["plan"]).out.split())
    assert "revision 2, waiting: amount" in log
    told = ["--as", "omar", "--set", "amount=90.00", "--reason", "less"]
    assert cli("edit", approval["id"], *told, "--no-run", "--json").json["actions"][0]["status"] == "ready"
    assert cli("resume").code == 0
    assert cli("audit", "verify").code == 0
    assert [one["event"] for one in cli("audit", "log", "--status", "edited", "--json").json] == ["edited"] * 2


def test_the_command_tells_what_is_wrong(cli: CommandLine, unchanged: Callable[..., Any]) -> None:
    """Changes that do not fit end with a line and a code, and change nothing."""
    asked = cli.waiting()
    told = ("edit", asked["id"], "--as", "mira", "--reason", "x")
    unchanged([*told, "--set", "amount=much"]).failed(1, "`amount`")
    unchanged([*told, "--set", "amount"]).failed(2, "write FIELD=VALUE")
    unchanged(["edit", "azzzz", *told[2:], "--set", "amount=5"]).failed(2, "azzzz")
    cli("edit", asked["id"], "--as", "dana", "--reason", "x", "--set", "amount=5").failed(4, "cannot edit it")


EDITED = {
    "the old action": "UPDATE edits SET body = CAST(replace(CAST(body AS TEXT), '150.00', '950.00') AS BLOB)",
    "the editor": "UPDATE edits SET editor = 'omar'",
    "the reason": "UPDATE edits SET reason = 'x'",
    "the time": "UPDATE edits SET at = replace(at, '2026', '2025')",
    "the revision": "UPDATE edits SET revision = 7",
    "that there was an edit": "DELETE FROM edits",
    "who may not sign": "UPDATE approvals SET editors = '[]'",
    "the revision of the action": "UPDATE actions SET revision = 1",
    "the new key": "UPDATE actions SET key = (SELECT max(digest) FROM edits)",
    "the old approval": "UPDATE approvals SET status = 'waiting' WHERE revision = 1",
}


@pytest.mark.parametrize("sql", EDITED.values(), ids=EDITED)
def test_a_tampered_edit_is_found(cli: CommandLine, sql: str) -> None:
    """Whatever is changed of an edit in the file is found, and nothing of the plan is signed or run."""
    asked = cli.waiting(TRANSFER)
    edited = cli("edit", asked["id"], "--as", "mira", "--set", "amount=160", "--reason", "typo", "--json")
    (approval,) = edited.json["approvals"]
    assert cli("audit", "verify").code == 0
    cli.tamper(sql)
    assert cli("audit", "verify").code == 6
    cli("approve", approval["id"], "--as", "omar", "--digest", approval["digest"]).failed(6, "altered")


def test_show_tells_of_edits_and_of_what_was_shown(cli: CommandLine) -> None:
    """The story of an action tells who edited what and why, and which card each voter was shown."""
    asked = cli.waiting(TRANSFER | {"amount": "600.00"})
    cli("edit", asked["id"], "--as", "mira", "--set", "amount=550.00", "--reason", "the bill says 550")
    (open_,) = cli("queue", "--json").json["approvals"]
    cli("approve", open_["id"], "--as", "fay", "--digest", open_["digest"])
    shown = cli("show", f"{asked['plan']}/1", "--json").json["history"][0]
    assert [(edit["actor"]["id"], edit["data"]["reason"]) for edit in shown["edits"]] == [("mira", "the bill says 550")]
    (card,) = [vote["card"] for approval in shown["approvals"] for vote in approval["votes"]]
    told = " ".join(cli("show", f"{asked['plan']}/1").out.split())
    assert "Edited by mira" in told
    assert "amount 600.00 → 550.00" in told
    assert f"shown card {card[:4]} {card[4:8]}" in told


def test_an_export_holds_every_revision(cli: CommandLine) -> None:
    """An auditor gets what an action was before it was edited, and can verify all of it."""
    asked = cli.waiting(TRANSFER | {"amount": "600.00"})
    cli("edit", asked["id"], "--as", "mira", "--set", "amount=550.00", "--reason", "the bill says 550")
    folder, key = cli.folder / "export", cli("audit", "key").out.strip()
    assert cli("audit", "export", "--to", str(folder)).code == 0
    bodies = (folder / "actions.jsonl").read_text()
    assert ('"600.00"' in bodies, '"550.00"' in bodies) == (True, True)
    ran = cli("audit", "verify", "--export", str(folder), "--public-key", key)
    assert (ran.code, "not in the export" in ran.out) == (0, False)
