"""The story of a plan in `--json`."""

from collections.abc import Mapping
from typing import cast

from signoff.audit import write_actor, write_time

from . import forms
from .canonical import Json
from .story import ActionStory, Attempt, CastVote, Signature, Story
from .story_output import tell_event


def story_json(story: Story) -> dict[str, Json]:
    """A story in `--json` output: the history of each action, and every Entry of the plan."""
    return {
        "history": [_action_json(one) for one in story.actions],
        "timeline": [forms.entry_json(entry) | {"words": tell_event(entry).plain} for entry in story.entries],
    }


def _action_json(one: ActionStory) -> dict[str, Json]:
    return {
        "number": one.record.number,
        "revision": one.record.revision,
        "effect": one.record.effect,
        "decisions": [
            cast(dict[str, Json], dict(cast(Mapping[str, Json], entry.data["decision"])))
            | {"at": write_time(entry.at), "entry": entry.number, "event": entry.event}
            for entry in one.decisions
        ],
        "now": dict(one.now) | {"reasons": [dict(reason) for reason in one.reasons]} if one.now else None,
        "differs": one.differs,
        "problem": one.problem or None,
        "approvals": [_signature_json(signature, one) for signature in one.signatures],
        "attempts": [_attempt_json(attempt) for attempt in one.attempts],
        "edits": [forms.entry_json(entry) for entry in one.edits],
        "resolved": [forms.entry_json(entry) for entry in one.resolved],
        "refused": [forms.entry_json(entry) for entry in one.refused],
    }


def _signature_json(signature: Signature, one: ActionStory) -> dict[str, Json]:
    return forms.approval_json(signature.approval, one.record) | {
        "status": signature.status,
        "needs": signature.needs,
        "votes": [_vote_json(vote) for vote in signature.votes],
        "delegations": [
            {
                "entry": given.number,
                "from": write_actor(given.by),
                "to": given.to,
                "since": write_time(given.since),
                "until": write_time(given.until),
                "reason": given.reason,
            }
            for given in signature.delegations
        ],
    }


def _vote_json(vote: CastVote) -> dict[str, Json]:
    return {
        "voter": write_actor(vote.entry.actor),
        "choice": vote.choice.value,
        "reason": vote.reason,
        "at": write_time(vote.entry.at),
        "entry": vote.entry.number,
        "for": list(vote.spoken_for),
        "stands_in": list(vote.stands_in),
        "shown": vote.digest,
        "card": vote.card,
        "used": vote.used,
        "standing": vote.standing,
    }


def _attempt_json(attempt: Attempt) -> dict[str, Json]:
    return {
        "number": attempt.number,
        "started": forms.entry_json(attempt.started),
        "approval": attempt.approval,
        "answers": [forms.entry_json(entry) for entry in attempt.answers],
        "ended": None if attempt.ended is None else forms.entry_json(attempt.ended),
    }
