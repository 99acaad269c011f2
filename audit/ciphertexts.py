"""Values of secret fields as they are stored: encrypted, each bound to its place, and gone once their action has ended."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from signoff.canonical import canonical
from signoff.commitment import COMMITMENT, Opening
from signoff.errors import LogInvalid

from .database import Database
from .keys import Keys
from .records import ENDED, ActionRecord, PlanRecord

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12  # bytes, as AES-GCM has it


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a secret value belongs. At any other place its ciphertext does not open."""

    plan: str
    number: int
    revision: int
    field: str

    def to_bytes(self) -> bytes:
        return canonical([self.plan, self.number, self.revision, self.field])


def seal_opening(keys: Keys, place: Place, opening: Opening) -> bytes:
    """The ciphertext of *opening*, which only who has the store key can open, and only at its *place*."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + _cipher(keys).encrypt(nonce, opening.to_bytes(), place.to_bytes())


def open_sealed(keys: Keys, place: Place, sealed: bytes) -> Opening:
    """What was sealed. Raises LogInvalid where it was edited, moved, or sealed with another key."""
    from cryptography.exceptions import InvalidTag

    try:
        return Opening.from_bytes(_cipher(keys).decrypt(sealed[:NONCE], sealed[NONCE:], place.to_bytes()))
    except (InvalidTag, ValueError):
        raise LogInvalid(f"{_told(place)} cannot be opened: it was edited or moved, or sealed with another key") from None


def put_secrets(database: Database, keys: Keys, action: ActionRecord, openings: Mapping[str, Opening]) -> None:
    """Store the values of *action*'s secret fields, in the place of those that an earlier revision had."""
    if action.revision > 1:
        _delete(database, action)
    for field, opening in openings.items():
        place = Place(plan=action.plan, number=action.number, revision=action.revision, field=field)
        database.execute(
            "INSERT INTO secret_fields (plan, number, revision, field, sealed) VALUES (?, ?, ?, ?, ?)",
            (place.plan, place.number, place.revision, place.field, seal_opening(keys, place, opening)),
        )


def delete_secrets(database: Database, action: ActionRecord) -> bool:
    """Remove what is stored of *action*'s secret fields, and return whether there was anything."""
    return bool(commitments(action)) and _delete(database, action)


def _delete(database: Database, action: ActionRecord) -> bool:
    place = (action.plan, action.number)
    return bool(database.execute("DELETE FROM secret_fields WHERE plan = ? AND number = ? RETURNING 1", place))


def open_secrets(database: Database, keys: Keys, action: ActionRecord) -> dict[str, Opening]:
    """The values of *action*'s secret fields. Raises LogInvalid where they are not those to which it is committed."""
    wanted, stored = commitments(action), _stored(database, action.plan)
    found: dict[str, Opening] = {}
    for field, commitment in wanted.items():
        place = Place(plan=action.plan, number=action.number, revision=action.revision, field=field)
        if place not in stored:
            raise LogInvalid(f"{_told(place)} is not stored any more, so it is not run; see `signoff audit verify`")
        found[field] = open_sealed(keys, place, stored[place])
        if found[field].commitment != commitment:
            raise LogInvalid(f"{_told(place)} is not the one that was decided, so it is not run; see `signoff audit verify`")
    return found


def commitments(action: ActionRecord) -> dict[str, str]:
    """What the secret fields of *action* that hold values are committed to, by field."""
    if COMMITMENT.encode() not in action.body:  # most have none, and need not be parsed
        return {}
    told = orjson.loads(action.body).items()
    return {name: str(value[COMMITMENT]) for name, value in told if isinstance(value, dict) and COMMITMENT in value}


def secret_problems(database: Database, keys: Keys, plan: PlanRecord) -> Iterator[str]:
    """Where what is stored of the secret fields of *plan* is not what its actions are committed to."""
    stored = _stored(database, plan.id)
    for action in plan.actions:
        for field, commitment in ({} if action.status in ENDED else commitments(action)).items():
            place = Place(plan=plan.id, number=action.number, revision=action.revision, field=field)
            if place not in stored:
                yield f"{_told(place)} is not stored"
                continue
            try:
                opening = open_sealed(keys, place, stored.pop(place))
            except LogInvalid as error:
                yield str(error)
            else:
                if opening.commitment != commitment:
                    yield f"{_told(place)} is not the one that was decided"
    for place in stored:
        yield f"{_told(place)} is stored, and nothing needs it"


def reseal(database: Database, old: Keys, new: Keys) -> int:
    """Encrypt every stored value with the *new* store key, in the transaction that is open, and return how many there are.

    Raises LogInvalid where one cannot be opened with the *old* one.
    """
    rows = database.execute("SELECT plan, number, revision, field, sealed FROM secret_fields")
    for plan, number, revision, field, sealed in rows:
        place = Place(plan=plan, number=number, revision=revision, field=field)
        database.execute(
            "UPDATE secret_fields SET sealed = ? WHERE plan = ? AND number = ? AND revision = ? AND field = ?",
            (seal_opening(new, place, open_sealed(old, place, sealed)), plan, number, revision, field),
        )
    return len(rows)


def _stored(database: Database, plan: str) -> dict[Place, bytes]:
    rows = database.execute("SELECT number, revision, field, sealed FROM secret_fields WHERE plan = ?", (plan,))
    return {Place(plan=plan, number=number, revision=revision, field=field): sealed for number, revision, field, sealed in rows}


def _told(place: Place) -> str:
    return f"{place.plan}: the secret `{place.field}` of action {place.number}"


def _cipher(keys: Keys) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 40 ms, and few plans have secrets

    return AESGCM(keys.mac(b"secret fields"))
