"""Reading who signs: a role, several people of one, people by their ids, or a list of these."""

from dataclasses import dataclass
from functools import partial

from signoff.actions import fold_name
from signoff.actor import Actor

from .decision import PERSON, Seat
from .diagnostics import quote, suggest
from .nodes import Entries, Items, Node, Scalar
from .parser import read_number
from .reader import Reader
from .rule import Groups

MAX_COUNT = 100  # people who must sign one action
MAX_COUNTED = 12  # characters of a whole number


@dataclass(frozen=True)
class SeatReader:
    """Reads the value of a key such as `by`; *what* is how errors call it."""

    roles: Groups
    reader: Reader
    what: str
    counted: bool = True  # whether it says how many of a role

    def seats(self, node: Node) -> tuple[Seat, ...]:
        """The seats that *node* names, all of them; none where that is wrong."""
        seats = self._several(node) if isinstance(node, Items) else self._one(node)
        if sum(seat.count for seat in seats) > MAX_COUNT:
            self.reader.report.error("too-many", f"{self.what} asks for more than {MAX_COUNT} people", node.span, "name fewer")
            return ()
        return tuple(seats)

    def _several(self, node: Items) -> list[Seat]:
        if not node.items:
            self.reader.wrong(node, f"{self.what} is empty", "name a role")
        found: dict[str, Seat] = {}
        for item in node.items:
            for seat in self._item(item):
                key = fold_name(seat.role) if seat.role.startswith(PERSON) else seat.role
                if key in found:
                    self._twice(seat, item)
                found[key] = seat
        return list(found.values())

    def _item(self, node: Node) -> list[Seat]:
        if isinstance(node, Items):
            self.reader.wrong(node, f"{self.what} has no list in a list", "write one list")
            return []
        return self._one(node)

    def _twice(self, seat: Seat, node: Node) -> None:
        person = seat.role.startswith(PERSON)
        hint = "write it once, with a `count`" if self.counted and not person else "remove one"
        message = f"{seat.role.removeprefix(PERSON)} is given twice in {self.what}"
        self.reader.report.error("duplicate", message, node.span, hint)

    def _one(self, node: Node) -> list[Seat]:
        if not isinstance(node, Entries):
            role = read_role(self.reader, node, self.what, self.roles)
            return [] if role is None else [Seat(role, 1)]
        entries = node.entries
        meant = self.reader.check_keys(entries, self.what, ("role", "count", "people") if self.counted else ("role", "people"))
        if "people" in entries:
            return self._people(node)
        if "role" not in entries:
            if meant.isdisjoint(("role", "people")):
                hint = "write role: manager, or people: [mira]"
                self.reader.report.error("missing-key", f"{self.what} needs a `role` or `people`", node.span, hint)
            return []
        role = read_role(self.reader, entries["role"][1], "`role`", self.roles)
        count = self._count(entries["count"][1]) if self.counted and "count" in entries else 1
        if role is None or count is None or not self._has_members(role, count, entries["count"][1] if count > 1 else node):
            return []
        return [Seat(role, count)]

    def _has_members(self, role: str, count: int, node: Node) -> bool:
        members = len(self.roles[role] or ())
        if not 0 < members < count:
            return True
        asked = f"{self.what} asks for {count} of {role}, and {role} has {members} {'member' if members == 1 else 'members'}"
        self.reader.report.error("seats", asked, node.span, f"lower the count, or add people to {role}")
        return False

    def _people(self, node: Entries) -> list[Seat]:
        """People by their ids; each of them is asked."""
        for other in ("role", "count"):
            if other in node.entries:
                hint = "write a list of both" if other == "role" else "name as many as must sign"
                message = f"`people` and `{other}` cannot stand together"
                self.reader.report.error("wrong-value", message, node.entries[other][0].span, hint)
        people = node.entries["people"][1]
        if isinstance(people, Items) and not people.items:
            self.reader.wrong(people, "`people` is empty", "write one such as [mira]")
        first: dict[str, str] = {}
        return [Seat(PERSON + person, 1) for person in self.reader.items(people, "`people`", partial(self._person, first)) or ()]

    def _person(self, first: dict[str, str], node: Node) -> str | None:
        id_ = self.reader.shown(node, "an id")
        if id_ is None or not is_person(self.reader, node, id_):
            return None
        other = first.setdefault(fold_name(id_), id_)
        if other != id_:
            message = f"{quote(id_)} is {quote(other)} in another spelling, and is given twice in `people`"
            self.reader.report.error("duplicate", message, node.span, "remove one")
            return None
        return id_

    def _count(self, node: Node) -> int | None:
        text = self.reader.text(node, "`count`")
        if text is None:
            return None
        count = read_whole(text)
        if count is not None and 1 <= count <= MAX_COUNT:
            return count
        self.reader.wrong(node, f"`count` must be a whole number from 1 to {MAX_COUNT}, not {quote(text)}")
        return None


def read_role(reader: Reader, node: Node, what: str, roles: Groups) -> str | None:
    """The name of a role that exists and has at least one member."""
    name = reader.text(node, what)
    if name is None:
        return None
    if name not in roles:
        hint = suggest(name, roles, _remedy(name, node, roles))
        reader.report.error("unknown-role", f"there is no role {quote(name)}", node.span, hint)
        return None
    if roles[name] == ():
        reader.report.error("seats", f"nobody has the role {name}, so nobody could sign", node.span, f"add people to {name}")
    return name


def _remedy(name: str, node: Node, roles: Groups) -> str:
    """What to do about a name that is no role's: it may be a person's."""
    is_member = isinstance(node, Scalar) and any(name in (people or ()) for people in roles.values())
    return f"write people: [{name}] for that person" if is_member else "add it under `roles`"


def is_id(text: str) -> bool:
    """Whether an actor can have the id *text*."""
    try:
        Actor(id=text)
    except ValueError:
        return False
    return True


def is_person(reader: Reader, node: Node, text: str) -> bool:
    """Whether an actor can have the id *text*; reported where not."""
    try:
        Actor(id=text)
    except ValueError as error:
        hint = str(error).rpartition("; ")[2]
        reader.report.error("person", f"no actor can have the id {quote(text)}", node.span, hint)
        return False
    return True


def read_whole(text: str) -> int | None:
    """The whole number that *text* is."""
    value = read_number(text) if len(text) <= MAX_COUNTED and "." not in text else None
    return None if value is None else int(value)
