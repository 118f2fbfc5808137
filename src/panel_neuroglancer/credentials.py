"""Credentials that Python has for data on the network: the official package's, asked for by the page."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from .channel import Channel, ChannelError, Reply


def serve(channel: Channel, viewer: Any) -> None:
    """Let the pages of a viewer ask for the credentials that ``neuroglancer``'s default credentials manager knows.

    Parameters
    ----------
    channel
        The channel of a component.
    viewer
        The official viewer. If it does not allow credentials, or nothing is registered for what is asked for, the reply is
        empty, and the page goes on with its own ways.
    """
    channel.on("viewer.credentials", lambda params, data: _ask(viewer, params))


def _ask(viewer: Any, params: dict[str, Any]) -> Reply | Future[Reply]:
    from neuroglancer.default_credentials_manager import default_credentials_manager as manager

    key = params.get("key")
    if not viewer.allow_credentials or key not in manager._providers:
        return Reply()
    answer: Future[Reply] = Future()

    def done(asked: Future[Any]) -> None:
        # The page may have asked no longer.
        if not answer.set_running_or_notify_cancel():
            return
        error = asked.exception()
        if error is None:
            answer.set_result(Reply(asked.result()))
        else:
            answer.set_exception(_refusal(str(key), error))

    manager.get(key, params.get("parameters")).get(params.get("invalid")).add_done_callback(done)
    return answer


def _refusal(key: str, error: BaseException) -> ChannelError:
    reason = " ".join(str(error).split()).rstrip(".")
    return ChannelError(
        "credentials",
        f"Python has no credentials for {key!r}: {type(error).__name__}: {reason}. Give it some with "
        f"neuroglancer.default_credentials_manager.default_credentials_manager.register({key!r}, lambda parameters: provider), "
        "and reload the page.",
    )
