"""Credentials that the page asks Python for."""

from __future__ import annotations

from concurrent.futures import Future

import neuroglancer
import pytest
from neuroglancer.credentials_provider import CredentialsProvider
from neuroglancer.default_credentials_manager import default_credentials_manager
from neuroglancer.futures import run_on_new_thread

from panel_neuroglancer import credentials
from panel_neuroglancer.channel import ChannelError


class Handlers(dict):
    """What a channel keeps of those who answer."""

    on = dict.__setitem__


@pytest.fixture
def ask():
    """Asks as a page does."""

    def ask(key, parameters=None, invalid=None, **viewer):
        handlers = Handlers()
        credentials.serve(handlers, neuroglancer.Viewer(**viewer))
        params = {"key": key, "parameters": parameters, "invalid": invalid}
        answer = handlers["viewer.credentials"](params, None)
        return (answer.result(timeout=30) if isinstance(answer, Future) else answer).result

    return ask


@pytest.fixture
def counting(monkeypatch):
    class Counting(CredentialsProvider):
        asked = 0

        def get_new(self):
            self.asked += 1
            return run_on_new_thread(lambda: {"accessToken": f"token {self.asked}"})

    provider = Counting()
    monkeypatch.setitem(default_credentials_manager._providers, "mine", lambda parameters: provider)


def test_a_token_that_was_set(ask, monkeypatch):
    monkeypatch.setattr(
        neuroglancer.default_credentials_manager.boss_credentials_provider, "_credentials", None
    )
    neuroglancer.set_boss_token("secret")
    assert ask("boss")["credentials"] == {"tokenType": "Token", "accessToken": "secret"}


def test_a_token_in_the_environment(ask, monkeypatch):
    monkeypatch.setenv("DVID_CREDENTIALS", "http://localhost:8000=abc")
    monkeypatch.setattr(
        neuroglancer.dvid_credentials, "_global_tokenbased_application_default_credentials_provider", None
    )
    answer = ask("DVID", {"dvidServer": "http://localhost:8000"})
    assert answer["credentials"] == {"tokenType": "Bearer", "accessToken": "abc"}


def test_what_is_no_longer_valid_is_made_anew(ask, counting):
    first = ask("mine")
    assert first["credentials"] == {"accessToken": "token 1"}
    assert ask("mine") == first
    assert ask("mine", invalid=first["generation"])["credentials"] == {"accessToken": "token 2"}


def test_what_python_cannot_give_says_why_and_what_to_do(ask, monkeypatch):
    monkeypatch.delenv("DVID_CREDENTIALS", raising=False)
    monkeypatch.setattr(
        neuroglancer.dvid_credentials, "_global_tokenbased_application_default_credentials_provider", None
    )
    with pytest.raises(ChannelError) as raised:
        ask("DVID", {"dvidServer": "http://localhost:8000"})
    assert raised.value.kind == "credentials"
    words = str(raised.value)
    assert "Python has no credentials for 'DVID': RuntimeError: DVID_CREDENTIALS is not" in words
    assert "register('DVID'" in words


def test_the_page_has_its_own_ways(ask, counting):
    assert ask("middleauth") == {}
    assert ask("mine", token="guessable") == {}
    assert ask("mine", token="guessable", allow_credentials=True)["generation"] > 0
