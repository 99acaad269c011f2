"""What the planner of a test was given beside the request: texts that are not the user's word, each with its source."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from .diagnostics import quote, suggest
from .nodes import Node, Scalar
from .reader import Held, Reader
from .sources import NONE, REQUEST, is_source

MAX_CONTEXTS = 20  # of one case, as of a request
MAX_CONTEXT = 1_000  # characters of one

_REMEDY = "write lower case, such as invoice or email:4711"


@dataclass(frozen=True, kw_only=True)
class CaseContext:
    """A text that stands beside the request of a test."""

    source: str
    text: str
    trusted: bool


def read_contexts(reader: Reader, node: Node, entries: Held) -> tuple[CaseContext, ...]:
    """The contexts of the test at *node*, in the file's order; those that are wrong are reported and left out."""
    if "context" not in entries:
        if "trusted" in entries:
            reader.report.error("missing-key", "`trusted` names contexts, and the test has none", node.span, "add `context`")
        return ()
    if "request" not in entries:
        message = "a test with `context` needs `request`: without one every value stands in the request"
        reader.report.error("missing-key", message, node.span, "write what the user wrote")
    value = entries["context"][1]
    given = reader.entries(value, "`context`") or {}
    if len(given) > MAX_CONTEXTS:
        message = f"a test has at most {MAX_CONTEXTS} contexts, not {len(given):,}"
        reader.report.error("too-many", message, value.span)
        return ()
    texts = {source: _text(reader, key, held) for source, (key, held) in given.items()}
    trusted: Collection[str] = ()
    if "trusted" in entries:
        trusted = reader.items(entries["trusted"][1], "`trusted`", partial(_trusted, reader, texts)) or ()
    return tuple(
        CaseContext(source=source, text=text, trusted=source in trusted) for source, text in texts.items() if text is not None
    )


def read_disputed(reader: Reader, node: Node) -> bool:
    """Whether the plan of a test is disputed."""
    if isinstance(node, Scalar) and node.plain and node.text in ("true", "false"):
        return node.text == "true"
    reader.wrong(node, "`disputed` must be true or false", "write disputed: true")
    return False


def _text(reader: Reader, key: Scalar, node: Node) -> str | None:
    text = reader.text(node, "a context", most=MAX_CONTEXT)
    if is_source(key.text) and key.text not in (REQUEST, NONE):
        return text
    reader.report.error("name", f"a context cannot be called {quote(key.text)}", key.span, _REMEDY)
    return None


def _trusted(reader: Reader, known: Collection[str], node: Node) -> str | None:
    source = reader.text(node, "a context's name")
    if source is None or source in known:
        return source
    hint = suggest(source, known, "add it under `context`")
    reader.report.error("unknown-name", f"there is no context {quote(source)}", node.span, hint)
    return None
