"""Settings: one frozen object, built at the edge from options and the environment. Nothing else reads the environment."""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .actor import Actor, Identification
from .errors import UsageError

DEFAULT_DATABASE = "signoff.db"
DEFAULT_POLICIES = "policies.yaml"
DEFAULT_TIMEOUT = "10"  # seconds
MAX_TIMEOUT = 3_600
DEFAULT_REQUESTER = "dana"  # the demo bank's customer


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Which files are used, and who speaks."""

    database: Path
    policies: Path
    claimed: str | None  # who the user says they are (`--as`)
    json: bool  # whether output is JSON
    timeout: float  # seconds to wait for another process
    os_user: int
    os_name: str

    @classmethod
    def read(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        database: str | None = None,
        policies: str | None = None,
        claimed: str | None = None,
        json: bool = False,
    ) -> "Settings":
        """Options first, then the environment, then the defaults. Raises UsageError for what cannot be used."""
        try:
            Actor(id=DEFAULT_REQUESTER if claimed is None else claimed)
        except ValueError as error:
            raise UsageError(f"--as: {error}") from error
        return cls(
            database=Path(database or environment.get("SIGNOFF_DB") or DEFAULT_DATABASE),
            policies=Path(policies or environment.get("SIGNOFF_POLICIES") or DEFAULT_POLICIES),
            claimed=claimed,
            json=json,
            timeout=_seconds(environment.get("SIGNOFF_TIMEOUT") or DEFAULT_TIMEOUT),
            os_user=os.getuid(),
            os_name=_login_name(os.getuid()),
        )

    @property
    def requester(self) -> Actor:
        """Who asks: the one named by `--as`, or the demo bank's customer."""
        return Actor(
            id=DEFAULT_REQUESTER if self.claimed is None else self.claimed, how=Identification.CLAIMED, os_user=self.os_user
        )

    @property
    def operator(self) -> Actor:
        """Who tells the engine to go on: the one named by `--as`, or the operating system's user."""
        if self.claimed is not None:
            return self.requester
        return Actor(id=self.os_name, how=Identification.OS, os_user=self.os_user)


def _seconds(text: str) -> float:
    """Raises UsageError where *text* is no number of seconds that somebody could mean."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= MAX_TIMEOUT:
        raise UsageError(f'SIGNOFF_TIMEOUT is "{text[:40]}"; write a number of seconds from 0 to {MAX_TIMEOUT}')
    return seconds


def _login_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run as a user that has no name
        return f"uid-{uid}"
