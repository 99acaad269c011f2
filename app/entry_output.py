"""How the Entries of the log are shown, a line for each."""

from collections.abc import Iterable, Mapping

from rich.table import Table

from signoff.actions import show_field, show_text
from signoff.audit import Entry

from .canonical import Json
from .output import format_seats, format_state, make_table, outcome_of, plain

SHOWN_GIST = 200  # characters of what an Entry tells


def format_entries(entries: Iterable[Entry]) -> Table:
    """The audit log, a line for each Entry."""
    table = make_table("entry", "at (UTC)", "chain", "#", "event", "actor", "what")
    for entry in entries:
        table.add_row(
            str(entry.number),
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            plain(entry.chain),
            "" if entry.action is None else str(entry.action),
            format_state(entry.event),
            plain(entry.actor.id),
            plain(_cut(gist_of(entry))),
        )
    return table


def entry_line(entry: Entry) -> str:
    """An Entry on one line."""
    place = entry.chain if entry.action is None else f"{entry.chain} #{entry.action}"
    what = _cut(gist_of(entry))
    return show_text(
        f"{entry.number}  {entry.at:%Y-%m-%d %H:%M:%S}  {place}  {entry.event}  {entry.actor.id}" + (f"  {what}" if what else "")
    )


def gist_of(entry: Entry) -> str:
    """What an Entry tells, in a line; also of one that somebody altered, which may lack anything."""
    told = {name: entry.data.get(name) for name in _TOLD}
    match entry.event:
        case "submitted":
            return str(told["request"] or told["planner"])
        case "decided":
            return f"{told['title']}: {told['status']}"
        case "asked":
            seats = told["seats"]
            revision = f", revision {told['revision']}" if told["revision"] not in (None, 1) else ""
            return f"{told['id']} needs {format_seats(seats) if isinstance(seats, Mapping) else seats}{revision}"
        case "voted":
            spoken = f" for {', '.join(map(str, told['for']))}" if isinstance(told["for"], list) else ""
            return f"{told['choice']} {told['approval']}{spoken}" + (f": {told['reason']}" if told["reason"] else "")
        case "said":
            return _gist_of_message(told)
        case "unused":
            return f"an answer of the model took {told['tokens']} tokens, and was not used: {told['outcome']}"
        case "ended":
            return str(told["reason"])
        case "edited":
            return f"revision {told['revision']}, {told['status']}: {'; '.join(_changed(told['changes']))}: {told['reason']}"
        case "reminded":
            return f"{told['approval']} needs {told['needs']} until {told['expires']}"
        case "delegated":
            return f"to {told['to']} until {told['until']}" + (f": {told['reason']}" if told["reason"] else "")
        case "revoked":
            return f"from {told['to']}" + (f": {told['reason']}" if told["reason"] else "")
        case "policy":
            return "; looser: ".join([f"{told['name']} {str(told['digest'])[:8]}", *_looser(told["change"])])
        case "proposed" | "confirmed":
            return "; looser: ".join([f"{told['verb']} {str(told['digest'])[:8]}", *_looser(told["change"])])
        case "pinned" | "unpinned":
            return str(told["digest"])[:8]
        case "rotated":
            return str(told["public_key"])
        case "retry" | "probed":
            return f"{told['error']}; it goes on at {told['due']}"
        case "refused" | "resolved":
            return f"{told['verb']}: {told['reason']}"
    return outcome_of(told["error"], told["result"])


def _gist_of_message(told: Mapping[str, Json]) -> str:
    """Who said what in a conversation, and for which actions a model called."""
    calls = told["calls"] if isinstance(told["calls"], list) else []
    named = [f"calls {call[1]}" + (f" (action {call[2]})" if call[2] else "") for call in calls if isinstance(call, list)]
    what = told["text"] if told["role"] != "tool" else f"what came of {told['answers']}"
    return f"{told['role']}: {'; '.join([*([_cut(str(what))] if what else []), *named])}"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_GIST else text[:SHOWN_GIST] + " …"


def _looser(change: Json) -> list[str]:
    looser = change.get("looser") if isinstance(change, Mapping) else None
    return [str(one) for one in looser] if isinstance(looser, list) else []


def _changed(changes: Json) -> list[str]:
    """What an edit changed: `amount 150.00 → 120.00`."""
    pairs = changes.items() if isinstance(changes, Mapping) else ()
    return [f"{name} {' → '.join(map(show_field, pair))}" for name, pair in pairs if isinstance(pair, list)]


_TOLD = (
    *("request", "planner", "title", "status", "id", "seats", "choice", "approval", "reason", "name", "digest", "change"),
    *("verb", "error", "result", "due", "for", "to", "until", "needs", "expires", "revision", "changes", "public_key"),
    *("role", "text", "calls", "answers", "outcome", "tokens"),
)
