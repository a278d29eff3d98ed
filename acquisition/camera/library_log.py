"""What libgphoto2 says: kept in memory, handed out with each shot and read for advice."""

import time
from collections import deque

from acquisition.camera.library import gp

LINES = 500
_LONGEST_LINE = 400
# Two or three lines for each look at the event queue would push out all the rest.
_NOISE = ("gp_port_set_timeout", "gp_port_get_timeout", "foreach_func", "lookup_folder")


class LibraryLog:
    """The last lines of the library's log and of its words to the user.

    A driver tells the reason of a refusal (`Out of Focus`, `PTP Store Full`) only to the context
    that a call is given; pass `context` to every call.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES)
        self._said: list[str] = []
        # The library keeps no reference to a callback: without ours it calls freed memory.
        self._callback = gp.check_result(gp.gp_log_add_func(gp.GP_LOG_DEBUG, self._on_log))
        self.context = gp.Context()
        self._words = [
            self.context.set_error_func(self._on_words, None),
            self.context.set_message_func(self._on_words, None),
        ]

    def note(self, text: str) -> None:
        """Adds a line of our own."""
        self._lines.append(f"{time.monotonic_ns()} {text}"[:_LONGEST_LINE])

    def begin(self) -> None:
        """Forgets earlier words to the user; call it before each request."""
        self._said.clear()

    def said(self) -> str:
        """Returns the words to the user since `begin`."""
        return "; ".join(dict.fromkeys(self._said))

    def take(self) -> str:
        """Returns the kept lines, `nanoseconds text` each, and forgets them."""
        text = "\n".join(self._lines)
        self._lines.clear()
        return text

    def _on_log(self, _level: int, domain: str, text: str, *_: object) -> None:
        if domain not in _NOISE and not domain.startswith(_NOISE):
            self.note(f"{domain}: {text}")

    def _on_words(self, _context: object, text: str | bytes, *_: object) -> None:
        words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        if words and words != "(null)":
            self._said.append(words)
            self.note(f"said: {words}")
