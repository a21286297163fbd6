"""The address that was checked is the one that is dialled: rebinding, redirects, proxies, certificates and names."""

import ipaddress
import socket
from typing import Any

import httpx
import pytest

from services.notify.channels.dialling import Dialler, NotReachedError, trust
from shared.callbacks.addresses import Rules, UnsafeAddressError
from shared.callbacks.guard import Guard
from tests.component.notify.callback_receiver import CA, NAME, Receiver, answering
from tests.component.notify.callback_stage import a_dialler

BODY, HEADERS = b"{}", {"webhook-id": "d-1"}
OUTSIDE, INSIDE = "127.0.0.2", "127.0.0.1"


def turning(calls: list[str]) -> Any:
    """The machine's resolver, whose answer for the name is OUTSIDE once, and INSIDE ever after."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **named: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        if text != NAME:
            return real(host, *args, **named)
        calls.append(text)
        return real(OUTSIDE if len(calls) == 1 else INSIDE, *args, **named)

    return getaddrinfo


def guard_for(port: int) -> Guard:
    """OUTSIDE stands for the public network; INSIDE may not be called."""
    return Guard(Rules(ports=frozenset({port}), networks=(ipaddress.ip_network(f"{OUTSIDE}/32"),), http_hosts=frozenset({NAME})))


async def test_a_name_that_turns_inside_after_the_check_is_not_followed(monkeypatch: pytest.MonkeyPatch):
    calls: list[str] = []
    async with Receiver(address=INSIDE) as inside, Receiver(address=OUTSIDE, port=inside.port) as outside:
        monkeypatch.setattr(socket, "getaddrinfo", turning(calls))
        dialler = Dialler(guard_for(inside.port), trust(str(CA)))
        assert (await dialler.post(f"http://{NAME}:{inside.port}/", BODY, HEADERS, unit="east")).status == 204
        assert (len(outside.received), len(inside.received), len(calls)) == (1, 0, 1)
        with pytest.raises(UnsafeAddressError):  # and the next attempt is checked anew
            await dialler.post(f"http://{NAME}:{inside.port}/", BODY, HEADERS, unit="east")
        assert len(inside.received) == 0


async def test_checking_alone_would_have_reached_what_is_inside(monkeypatch: pytest.MonkeyPatch):
    """The control of the test above: the same check, and a client that looks the name up by itself."""
    calls: list[str] = []
    async with Receiver(address=INSIDE) as inside, Receiver(address=OUTSIDE, port=inside.port) as outside:
        monkeypatch.setattr(socket, "getaddrinfo", turning(calls))
        url = f"http://{NAME}:{inside.port}/"
        await guard_for(inside.port).check(url, unit="east")
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.post(url, content=BODY, headers=HEADERS)).status_code == 204
        assert (len(outside.received), len(inside.received), len(calls)) == (0, 1, 2)


async def test_a_redirect_to_what_is_inside_is_an_answer_and_not_a_way():
    async with Receiver(address=INSIDE) as inside:
        redirect = answering(307, f"Location: http://{INSIDE}:{inside.port}/")
        async with Receiver(address=OUTSIDE, behaviours=[redirect]) as outside:
            dialler = a_dialler(outside, inside)
            assert (await dialler.post(outside.url, BODY, HEADERS, unit="east")).status == 307
            assert inside.received == []
            async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as client:  # the control
                await client.post(outside.url, content=BODY, headers=HEADERS)
            assert len(inside.received) == 1


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch):
    async with Receiver() as proxy, Receiver(address=OUTSIDE) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert (await a_dialler(receiver).post(receiver.url, BODY, HEADERS, unit="east")).status == 204
        assert (len(receiver.received), len(proxy.received)) == (1, 0)
        async with httpx.AsyncClient() as client:  # the control
            await client.post(receiver.url, content=BODY, headers=HEADERS)
        assert len(proxy.received) == 1


async def test_the_certificate_must_be_of_the_name_and_of_an_authority_that_is_trusted():
    async def anywhere(_host: str, _port: int) -> list[str]:
        return [INSIDE]

    async with Receiver(tls=True) as receiver:
        known = a_dialler(receiver, resolve=anywhere)
        assert (await known.post(receiver.url, BODY, HEADERS, unit="east")).status == 204
        with pytest.raises(NotReachedError):
            await known.post(receiver.url.replace(NAME, "other.unit.example"), BODY, HEADERS, unit="east")
        with pytest.raises(NotReachedError):
            await known.post(receiver.url.replace(NAME, INSIDE), BODY, HEADERS, unit="east")
        rules = Rules(ports=frozenset({receiver.port}), networks=(ipaddress.ip_network("127.0.0.0/8"),))
        with pytest.raises(NotReachedError):
            await Dialler(Guard(rules, anywhere), trust(None)).post(receiver.url, BODY, HEADERS, unit="east")
        assert len(receiver.received) == 1


async def test_two_names_at_one_address_never_share_a_connection():
    """A connection whose certificate was checked for one name must not carry what is meant for another."""

    async def anywhere(_host: str, _port: int) -> list[str]:
        return [INSIDE]

    kept = answering(204, "Connection: keep-alive")
    async with Receiver(tls=True, behaviours=[kept]) as receiver:
        dialler = a_dialler(receiver, resolve=anywhere)
        await dialler.post(receiver.url, BODY, HEADERS, unit="east")
        with pytest.raises(NotReachedError):
            await dialler.post(receiver.url.replace(NAME, "other.unit.example"), BODY, HEADERS, unit="east")
        assert receiver.received[0][0]["connection"] == "close"


async def test_the_next_checked_address_is_tried_where_one_takes_no_connection():
    async def two(_host: str, _port: int) -> list[str]:
        return ["127.0.0.3", OUTSIDE]

    async with Receiver(address=OUTSIDE) as receiver:
        url = f"https://{NAME}:{receiver.port}/".replace("https", "http")
        rules = Rules(
            ports=frozenset({receiver.port}), networks=(ipaddress.ip_network("127.0.0.0/8"),), http_hosts=frozenset({NAME})
        )
        assert (await Dialler(Guard(rules, two), trust(None)).post(url, BODY, HEADERS, unit="east")).status == 204


async def test_an_address_that_nobody_listens_at_is_said_so_without_naming_it():
    with socket.create_server((OUTSIDE, 0)) as free:
        port = free.getsockname()[1]
    receiver = Receiver(address=OUTSIDE, port=port)
    with pytest.raises(NotReachedError) as problem:
        await a_dialler(receiver).post(receiver.url, BODY, HEADERS, unit="east")
    assert OUTSIDE not in str(problem.value)
