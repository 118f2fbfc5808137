"""Questions and answers between two ends: each may ask the other, take a question back, and tell what needs no answer."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from . import _runtime
from .link import ChannelError, Data, Link, Message

log = logging.getLogger("panel_neuroglancer.channel")

IN_FLIGHT = 16
#: Far more than a page ever asks at a time.
RUNNING = 256
TIMEOUT_SECONDS = 120.0


@dataclass
class Reply:
    """What a handler answers: JSON values, and bytes beside them."""

    result: dict[str, Any] = field(default_factory=dict)
    data: Data | None = None


# Gets the params and the bytes sent along; may answer later.
Handler = Callable[[dict[str, Any], bytes | None], "Reply | Future[Reply]"]


@dataclass
class _Question:
    message: Message
    data: Data | None
    answer: Future[Reply]
    stop_timer: Callable[[], None] = lambda: None


class Exchange:
    """One end.

    Parameters
    ----------
    link
        Makes the link, given what to do with messages. When it breaks, :meth:`close` is to be called.
    handlers
        Answer the other end's questions, by method.
    """

    def __init__(
        self,
        link: Callable[[Callable[[Message, bytes | None], None]], Link],
        handlers: dict[str, Handler],
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._handlers, self._timeout = handlers, timeout
        self._lock = threading.RLock()
        self._last = 0
        self._waiting: dict[int, _Question] = {}
        self._asked: dict[int, _Question] = {}
        self._running: dict[int, Future[Reply]] = {}
        self._closed: ChannelError | None = None
        self.link = link(self._take)

    def ask(
        self, method: str, params: dict[str, Any] | None = None, data: Data | None = None
    ) -> Future[Reply]:
        """Ask the other end. Cancel the future to take the question back."""
        answer: Future[Reply] = Future()
        with self._lock:
            if self._closed is not None:
                answer.set_exception(self._closed)
                return answer
            self._last += 1
            number = self._last
            message = {"kind": "request", "id": number, "method": method, "params": params or {}}
            self._waiting[number] = _Question(message, data, answer)
        answer.add_done_callback(lambda done: self._take_back(number) if done.cancelled() else None)
        self._pump()
        return answer

    def tell(self, method: str, params: dict[str, Any] | None = None, data: Data | None = None) -> None:
        """Tell the other end what needs no answer."""
        self.link.send({"kind": "event", "method": method, "params": params or {}}, data)

    def close(self, reason: ChannelError) -> None:
        """Fail all questions and stop answering: the other end is gone."""
        with self._lock:
            if self._closed is not None:
                return
            self._closed = reason
            questions = [*self._asked.values(), *self._waiting.values()]
            running = list(self._running.values())
            self._asked.clear()
            self._waiting.clear()
            self._running.clear()
        self.link.end()
        for question in questions:
            question.stop_timer()
            _settle(question.answer, error=reason)
        for answer in running:
            answer.cancel()

    # Asking

    def _pump(self) -> None:
        while True:
            with self._lock:
                if not self._waiting or len(self._asked) >= IN_FLIGHT:
                    return
                number = next(iter(self._waiting))
                question = self._waiting.pop(number)
                self._asked[number] = question
                question.stop_timer = _runtime.later(self._timeout, functools.partial(self._expire, number))
            try:
                self.link.send(question.message, question.data)
            except Exception as error:
                self._asked.pop(number, None)
                question.stop_timer()
                _settle(question.answer, error=error)

    def _expire(self, number: int) -> None:
        question = self._asked.get(number)
        if question is not None:
            method = question.message["method"]
            self._say({"kind": "cancel", "id": number})
            self._answered(
                number,
                error=ChannelError(
                    "timeout", f"The page did not answer {method!r} within {self._timeout:g} s."
                ),
            )

    def _take_back(self, number: int) -> None:
        with self._lock:
            waiting = self._waiting.pop(number, None)
            asked = self._asked.pop(number, None)
        if waiting is None and asked is not None:
            asked.stop_timer()
            self._say({"kind": "cancel", "id": number})
        self._pump()

    def _answered(self, number: Any, reply: Reply | None = None, error: Exception | None = None) -> None:
        with self._lock:
            question = self._asked.pop(number, None) if isinstance(number, int) else None
        if question is None:  # taken back meanwhile, or never asked
            self.link.refused += 1
            return
        question.stop_timer()
        _settle(question.answer, reply, error)
        self._pump()

    # Answering

    def _take(self, message: Message, data: bytes | None) -> None:
        kind, number = message.get("kind"), message.get("id")
        if kind == "request" and isinstance(number, int) and number not in self._running:
            self._answer(number, message, data)
        elif kind == "event":
            try:
                self._handle(message, data)
            except Exception as error:
                _failure(message.get("method"), error)
        elif kind == "cancel" and isinstance(number, int):
            running = self._running.pop(number, None)
            if running is not None:
                running.cancel()
        elif kind == "reply":
            result = message.get("result")
            self._answered(number, Reply(result if isinstance(result, dict) else {}, data))
        elif kind == "error":
            said = message.get("error")
            said = said if isinstance(said, dict) else {}
            failure = ChannelError(str(said.get("kind", "unknown")), str(said.get("message", "")))
            self._answered(number, error=failure)
        elif kind != "open":
            self.link.refused += 1

    def _answer(self, number: int, message: Message, data: bytes | None) -> None:
        method = message.get("method")
        try:
            if len(self._running) >= RUNNING:
                raise ChannelError("overrun", f"The page asks too much at a time: {RUNNING} answers are due.")
            answer = self._handle(message, data)
        except Exception as error:
            self._send(number, method, _failure(method, error))
            return
        if isinstance(answer, Reply):
            self._reply(number, method, answer)
            return
        self._running[number] = answer
        answer.add_done_callback(lambda done: self._finish(number, method, done))

    def _finish(self, number: int, method: Any, done: Future[Reply]) -> None:
        # Nobody waits for what was cancelled.
        if self._running.pop(number, None) is None:
            return
        if done.cancelled():
            self._send(number, method, _failure(method, ChannelError("cancelled", "Python gave it up.")))
            return
        error = done.exception()
        if error is None:
            self._reply(number, method, done.result())
        else:
            self._send(number, method, _failure(method, error))

    def _reply(self, number: int, method: Any, reply: Reply) -> None:
        self._send(number, method, {"kind": "reply", "result": reply.result}, reply.data)

    def _send(self, number: int, method: Any, answer: Message, data: Data | None = None) -> None:
        try:
            self.link.send({**answer, "id": number}, data)
        except Exception as error:  # no JSON, or too much
            self._say({**_failure(method, error), "id": number})

    def _say(self, message: Message) -> None:
        try:
            self.link.send(message)
        except ChannelError as error:  # not even this: the other end takes nothing any more
            self.link.end(error)

    def _handle(self, message: Message, data: bytes | None) -> Reply | Future[Reply]:
        method, params = message.get("method"), message.get("params") or {}
        if not isinstance(method, str) or method not in self._handlers:
            known = ", ".join(sorted(self._handlers)) or "none"
            raise ChannelError("unknown-method", f"Python answers no {method!r:.200}; it answers: {known}.")
        if not isinstance(params, dict):
            raise ChannelError(
                "bad-params", f"The params of {method!r} are {params!r:.200}; expected an object."
            )
        return self._handlers[method](params, data)


def _settle(answer: Future[Reply], reply: Reply | None = None, error: Exception | None = None) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    if error is None:
        answer.set_result(reply or Reply())
    else:
        answer.set_exception(error)


def _failure(method: Any, error: BaseException) -> Message:
    if isinstance(error, ChannelError):
        return {"kind": "error", "error": {"kind": error.kind, "message": str(error)}}
    # Who asked gets an answer whatever happens; the traceback belongs in Python's log.
    log.error("Answering %r failed", method, exc_info=error)
    return {"kind": "error", "error": {"kind": "internal", "message": f"{type(error).__name__}: {error}"}}
