"""Where a model is, and what is shown there. What is secret in it is shown nowhere."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit, urlunsplit

from signoff.actions import show_text
from signoff.errors import UsageError

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"  # what servers that need no key are shown
LONG_SECRET = 8  # characters; a shorter one may stand in an answer by chance
MAX_SAID = 300  # characters of a text from a server that a message repeats


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A server that speaks chat completions."""

    url: str  # without user, password and query
    query: Mapping[str, str] = field(repr=False)
    host: str  # with its port, for people
    authorization: str = field(repr=False)  # the header's value
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def at(cls, base_url: str | None, api_key: str | None) -> "Endpoint":
        """The server at *base_url*, OpenAI's where there is none. Raises UsageError for what no request could be sent with."""
        parts = _split(base_url or OPENAI)
        key = (api_key or "").strip()
        if not key and base_url is None:
            raise UsageError("OpenAI wants a key; set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs none")
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise UsageError("the key (OPENAI_API_KEY) holds a space or a character that no key has; set it anew")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        query = dict(parse_qsl(parts.query))
        address = parts.netloc.rpartition("@")[2]
        return cls(
            url=urlunsplit(parts._replace(netloc=address, query="", fragment="")),
            query=query,
            host=show_text(address),
            authorization=_basic(user, password) if parts.username is not None else f"Bearer {key or NO_KEY}",
            secrets=tuple(secret for secret in (key, password, parts.password or "", *query.values()) if secret),
        )

    def hide(self, text: str, *, shortest: int = 1) -> str:
        """*text* from outside with no secret of ours of at least *shortest* characters left in it."""
        for secret in self.secrets:
            if len(secret) >= shortest:
                text = text.replace(secret, "***")
        return text

    def redact(self, text: str) -> str:
        """*text* from outside for a message: without secrets, on one line, visible and cut."""
        text = " ".join(self.hide(text).split())
        return show_text(text[:MAX_SAID]) + (" …" if len(text) > MAX_SAID else "")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii() and url.isprintable()
        _ = parts.port  # raises ValueError for one that is no number
    except ValueError:
        usable = False
    if not usable:
        raise UsageError("the base URL (OPENAI_BASE_URL) is none; write one such as http://localhost:11434/v1")
    return parts


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
