"""What each key of a policies file means, for whoever writes one in an editor."""

from collections.abc import Mapping

FILE: Mapping[str, str] = {
    "version": "the version of the language: 1",
    "currency": "the currency of plain numbers that are compared with money (ISO 4217)",
    "zone": "the time zone of `now` and of counters by the day, such as Europe/Berlin; UTC where it is left out",
    "default": "what becomes of an action that no allow rule speaks for: deny, or {approve: ROLE}",
    "approvers": "the role that signs where a rule, or an action's own caution, names nobody",
    "identity": "claimed: votes count although nothing checks who votes; os: only those of the operating system's users",
    "within": "how long people have to sign where a rule does not say, such as 24h",
    "remind": "how long before their time is over people are reminded, where a rule does not say, such as 1h",
    "delegation": "for how long somebody may hand their seats to another at most, such as 14d; left out: nobody may",
    "changes": "who agrees to a change of pinned policies",
    "roles": "the people of each role",
    "lists": "texts by name, read as lists.NAME",
    "tables": "values by name and key, read as tables.NAME[KEY]",
    "counters": "sums and counts of what was done, read as counters.NAME",
    "rules": "the rules; the strictest that matches decides, whatever their order",
    "tests": "actions and plans, each with what must be decided of it",
    "invariants": "what must hold for all actions, whatever the rules say",
}
RULE: Mapping[str, str] = {
    "id": "a name; the log and the approval cards say it",
    "allow": "the action types that it lets through",
    "approve": "the action types that people must sign first",
    "deny": "the action types that it refuses",
    "when": "the condition under which it speaks; left out: always",
    "unless": "the condition under which it does not",
    "by": "who must sign: a role, {role: ROLE, count: 2}, {people: [ID]}, or a list of these",
    "within": "how long they have to sign, such as 30m, 24h or 2d",
    "remind": "how long before that is over they are reminded, such as 1h",
    "self": "allowed: the requester's own vote counts, where all rules that match say so",
    "then": "who may sign as well after some time",
    "because": "the reason that people read; {amount} in it shows a value",
}
COUNTER: Mapping[str, str] = {
    "sum": "the field that is added up: money or a whole number",
    "count": "the action types that are counted",
    "of": "the action types whose field is added up",
    "by": "its keys: fields, and actor.id; each set of their values is counted by itself",
    "window": "plan, day, or a rolling time such as 90m, 24h or 7d",
}
TEST: Mapping[str, str] = {
    "name": "what it is called in the report",
    "do": "one action",
    "plan": "several actions, in their order",
    "as": "who asks; somebody without a role where it is left out",
    "at": "when, in the file's zone, such as 2026-12-24 18:30",
    "request": "what the user wrote; every value of the actions where it is left out",
    "context": "what the planner was given beside the request: by source, its text",
    "trusted": "the sources of these that only systems of one's own write",
    "disputed": "whether a second opinion planned otherwise",
    "counters": "what each counter had counted before",
    "expect": "what must be decided: allow, approve or deny; of a plan one, or one for each action",
    "rules": "rules that must be among those behind the decision",
    "by": "who must have to sign, exactly",
}
INVARIANT: Mapping[str, str] = {
    "never": "an effect that actions of some types never get, such as allow transfer",
    "when": "the actions that are meant; left out: all",
    "unless": "those that are not",
    "without": "of never approve: only an approval that some of these need not sign",
    "because": "the reason that people read",
}
TABLE: Mapping[str, str] = {
    "csv": "the file, beside the policies file or below it",
    "key": "the column of the keys",
    "columns": "the columns that are read, each with its type",
}
