"""Where a model is, and what is shown there. What is secret in it is shown nowhere."""

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit, urlunsplit

from httpx2 import URL, InvalidURL

from signoff.actions import show_text
from signoff.errors import UsageError

from .plan import ActionPlan

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"  # what servers that need no key are shown
LONG_SECRET = 8  # characters; a shorter one is a placeholder, or may stand in a text by chance
MAX_URL = 2_000  # characters of a base URL
MAX_MODEL = 200  # characters of a model's name
MAX_SAID = 300  # characters of a text from a server that a message repeats

_HOST = re.compile(r"[a-z0-9._:-]+")


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A server that speaks chat completions."""

    url: str  # without user, password and query
    query: bytes = field(repr=False)  # sent with every request; it may hold a key
    host: str  # with its port, for people
    authorization: str = field(repr=False)  # the header's value
    secrets: tuple[str, ...] = field(repr=False)  # key and password, as they are and as they are sent, where they are long enough
    hidden: tuple[str, ...] = field(repr=False)  # what is shown nowhere: the secrets, and what the query holds
    direct: bool = False  # whether no proxy stands on the way, whatever the environment says

    @classmethod
    def at(cls, base_url: str | None, api_key: str | None, *, direct: bool = False) -> "Endpoint":
        """The server at *base_url*, OpenAI's where there is none. Raises UsageError for what no request could be sent with."""
        parts = _split(base_url or OPENAI)
        key = (api_key or "").strip()
        if not key and base_url is None:
            raise UsageError("OpenAI wants a key; set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs none")
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise UsageError("the key (OPENAI_API_KEY) holds a space or a character that no key has; set it anew")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        packed = _packed(user, password) if parts.username is not None else ""
        secrets = _long(key, password, parts.password or "", packed)
        queried = [value for _, value in parse_qsl(parts.query)]
        written = [piece.partition("=")[2] or piece for piece in parts.query.split("&")]  # as a server repeats the address
        address = parts.netloc.rpartition("@")[2]
        return cls(
            url=urlunsplit(parts._replace(netloc=address, query="", fragment="")),
            query=URL(base_url or OPENAI).query,
            host=show_text(address),
            authorization=f"Basic {packed}" if packed else f"Bearer {key or NO_KEY}",
            secrets=secrets,
            hidden=_long(*secrets, *queried, *written),
            direct=direct,
        )

    def hide(self, text: str) -> str:
        """*text* from outside with nothing of ours left in it that is shown nowhere. Never for a plan, which it would alter."""
        for secret in self.hidden:
            text = text.replace(secret, "***")
        return text

    def redact(self, text: str, longest: int = MAX_SAID) -> str:
        """*text* from outside for a message: without secrets, on one line, visible and cut."""
        text = " ".join(self.hide(text).split())
        return show_text(text[:longest]) + (" …" if len(text) > longest else "")

    def is_repeated_in(self, plan: ActionPlan) -> bool:
        """Whether *plan* holds the key or the password, which a server must not bring into what is stored."""
        written = json.dumps(plan.wire())
        return any(json.dumps(secret)[1:-1] in written for secret in self.secrets)


def check_model(model: str, timeout: float) -> None:
    """Raises UsageError for a *model* that no server can be asked for by name, or a time to wait for it that is none."""
    if not (model.strip() and model.isprintable() and len(model) <= MAX_MODEL):
        raise UsageError(f"a model's name (SIGNOFF_MODEL) holds 1 to {MAX_MODEL} characters, all of them visible")
    if timeout <= 0:
        raise UsageError("the time to wait for a model (SIGNOFF_MODEL_TIMEOUT) must be more than 0 seconds")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and url.isascii() and url.isprintable() and len(url) <= MAX_URL
        usable = usable and _HOST.fullmatch(parts.hostname or "") is not None
        _ = parts.port, URL(url)  # raise for a port that is no number, and for what the client cannot send to
    except (ValueError, InvalidURL):
        usable = False
    if not usable:
        raise UsageError(
            "the base URL (OPENAI_BASE_URL, or SIGNOFF_SECOND_BASE_URL) is no address of a server; "
            "write one such as http://localhost:11434/v1"
        )
    return parts


def _long(*secrets: str) -> tuple[str, ...]:
    """Those of *secrets* that are long enough to be any, each once; the longest first, as one may begin with another."""
    return tuple(sorted({secret for secret in secrets if len(secret) >= LONG_SECRET}, key=len, reverse=True))


def _packed(user: str, password: str) -> str:
    """User and password as the header has them."""
    return b64encode(f"{user}:{password}".encode()).decode()
