"""Hearing an answer piece by piece while its channel reads it. The channel bounds it, and says why where it breaks off."""

import hashlib
from collections.abc import Iterator
from typing import cast

from httpx2 import Response, SyncByteStream

from .answer import Outcome
from .completion import Reply
from .events import Event, EventReader
from .gathering import Gathering
from .transport import WHOLE, NoPlan

_MARK = b"\xef\xbb\xbf"  # of UTF-8, which some servers begin with
_NO_STREAM = (b"{", b"[", b"<")  # what an answer begins with that is JSON or a web page


class Listener:
    """What is made of the body of one answer: a stream goes into *gathering*, anything else is kept as it is."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self._reader = EventReader()
        self._is_stream: bool | None = None  # None before its first character
        self._digest = hashlib.sha256()
        self._size = 0
        self._is_whole = False  # whether it came to its end
        self.status: int | None = None  # None where no answer came
        self.kept = bytearray()  # of what is no stream

    @property
    def is_success(self) -> bool:
        """Whether the answer came to its end, with a status of one that is all there."""
        return self._is_whole and self.status in WHOLE

    @property
    def is_stream(self) -> bool:
        """Whether the answer was a stream."""
        return self._is_stream is True

    @property
    def digest(self) -> str | None:
        """SHA-256 of what came of the body, in hexadecimal digits; None where nothing came."""
        return self._digest.hexdigest() if self._size else None

    def overhear(self, response: Response) -> None:
        """Listen to *response* while it is read: the hook that a channel calls."""
        self.status = response.status_code
        response.stream = _Overheard(cast(SyncByteStream, response.stream), self)

    def hear(self, piece: bytes) -> bool:
        """Take the next *piece* of the body; True where it is the last one. Raises NoPlan where no turn can come of it."""
        self._digest.update(piece)
        self._size += len(piece)
        if self._is_stream is None:
            self.kept = bytearray((bytes(self.kept) + piece).removeprefix(_MARK).lstrip())
            if _MARK.startswith(bytes(self.kept)):  # nothing yet, or a part of the mark
                return False
            self._is_stream = self.status in WHOLE and not self.kept.startswith(_NO_STREAM)
            piece = bytes(self.kept)
        elif not self._is_stream:
            self.kept += piece
        if self._is_stream and self._take(self._reader.feed(piece)):
            self._is_whole = True
        return self._is_whole

    def end(self) -> None:
        """All of it came. Raises NoPlan."""
        if self._is_stream:
            self._take(self._reader.end())
        self._is_whole = True

    def _take(self, events: Iterator[Event]) -> bool:
        try:
            return any(self._gathering.take(event) for event in events)
        except UnicodeDecodeError:
            raise NoPlan(Reply(outcome=Outcome.PROVIDER_ERROR, reason="the server's stream is not UTF-8")) from None


class _Overheard(SyncByteStream):
    """The body of an answer, whose pieces the listener hears as they are read."""

    def __init__(self, stream: SyncByteStream, listener: Listener) -> None:
        self._stream = stream
        self._listener = listener

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            yield piece  # first, so that one beyond the bound is not heard
            if self._listener.hear(piece):
                return
        self._listener.end()

    def close(self) -> None:
        self._stream.close()
