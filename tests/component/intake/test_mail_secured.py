"""The mail receiver over TLS, with relays that show who they are; and the controls, which do neither."""

import asyncio
import hashlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from services.intake.mail.receiver import CONNECTIONS, Receiver
from services.intake.mail.replies import Reply
from services.intake.mail.securing import Certificates, Relays, Secured
from shared.schemas.model import Text
from tests.certificates import Pair, a_certificate
from tests.unit.intake.letters import a_mail

SECRET = "kZ9-a-random-text-of-256-bits-in-real-life"
RELAYS = Relays({"relay": hashlib.sha256(SECRET.encode()).hexdigest()})
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,  # what services run on
}


class TakesAll:
    """A mail room that takes everything."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def take(self, raw: bytes, *, envelope_sender: str | None, recipients: Any) -> Reply:
        self.taken.append(raw)
        return Reply(code=250, status="2.0.0", text=Text(zh="好", en="taken"))


@contextmanager
def served(room: TakesAll, secured: Secured, loop_of: str = "uvloop", protocol: str = "smtp") -> Iterator[int]:
    """The port of a receiver in a thread of its own, on a loop of its own."""
    loop, opened = LOOPS[loop_of](), threading.Event()
    receiver = Receiver(room, host="127.0.0.1", port=0, protocol=protocol, max_bytes=200_000, secured=secured)

    async def serve() -> None:
        await receiver.open()
        serving = asyncio.ensure_future(receiver.serve())
        await asyncio.sleep(0)
        opened.set()
        await serving

    async def ended(task: "asyncio.Task[None]") -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await receiver.close()

    task = loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    assert opened.wait(10)
    try:
        yield receiver.port
    finally:
        asyncio.run_coroutine_threadsafe(ended(task), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return a_certificate(tmp_path)


def trusting(pair: Pair) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=pair.certificate)


def handed_over(client: smtplib.SMTP) -> tuple[int, str]:
    client.ehlo_or_helo_if_needed()
    code, words = client.mail("a1@firm.example")
    if code != 250:
        return code, words.decode()
    client.rcpt("support@backline.example")
    code, words = client.data(a_mail())
    return code, words.decode()


@pytest.mark.parametrize("loop_of", LOOPS)
@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_a_mail_comes_over_tls_from_a_relay_that_shows_who_it_is(pair: Pair, loop_of: str, protocol: str):
    room, client_of = TakesAll(), smtplib.LMTP if protocol == "lmtp" else smtplib.SMTP
    secured = Secured(certificates=Certificates(*pair), required=True, relays=RELAYS)
    with served(room, secured, loop_of, protocol) as port, client_of("127.0.0.1", port, timeout=20) as client:
        assert client.starttls(context=trusting(pair))[0] == 220
        client.login("relay", SECRET)
        assert handed_over(client)[0] == 250
    assert room.taken == [a_mail()]


@pytest.mark.parametrize("method", ["auth_plain", "auth_login"])
@pytest.mark.parametrize(("user", "secret"), [("relay", "wrong"), ("nobody", SECRET), ("nobody", ""), ("relay", "")])
def test_who_does_not_know_the_secret_is_refused_and_hands_nothing_over(pair: Pair, method: str, user: str, secret: str):
    room, secured = TakesAll(), Secured(certificates=Certificates(*pair), relays=RELAYS)
    with served(room, secured) as port, smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.starttls(context=trusting(pair))
        client.ehlo()
        client.user, client.password = user, secret
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            client.auth(method.removeprefix("auth_").upper(), getattr(client, method))
        assert refused.value.smtp_code == 535
        assert handed_over(client)[0] == 530
    assert room.taken == []


def test_where_tls_is_required_nothing_is_taken_without_it(pair: Pair):
    room = TakesAll()
    with served(room, Secured(certificates=Certificates(*pair), required=True)) as port:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            assert handed_over(client) == (530, "5.7.0 Must issue a STARTTLS command first")
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            client.starttls(context=trusting(pair))
            assert handed_over(client)[0] == 250
    assert len(room.taken) == 1


def test_where_tls_is_offered_and_not_required_both_are_taken(pair: Pair):
    """The control of the one above."""
    room = TakesAll()
    with served(room, Secured(certificates=Certificates(*pair))) as port:
        for tls in (False, True):
            with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
                if tls:
                    client.starttls(context=trusting(pair))
                assert handed_over(client)[0] == 250
    assert len(room.taken) == 2


def test_auth_is_offered_over_tls_alone_and_to_relays_alone(pair: Pair):
    certificates = Certificates(*pair)
    offered: dict[str, list[bool]] = {}
    for name, secured in {
        "relays": Secured(certificates=certificates, relays=RELAYS),
        "tls alone": Secured(certificates=certificates),
        "nothing": Secured(),
    }.items():
        with served(TakesAll(), secured) as port, smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            client.ehlo()
            offered[name] = [client.has_extn("starttls"), client.has_extn("auth")]
            if name == "relays":
                assert client.docmd("AUTH", "PLAIN")[0] == 538
                assert handed_over(client)[0] == 530
            if client.has_extn("starttls"):
                client.starttls(context=trusting(pair))
                client.ehlo()
                offered[name].append(client.has_extn("auth"))
    assert offered == {"relays": [True, False, True], "tls alone": [True, False, False], "nothing": [False, False]}


def test_who_trusts_another_certificate_hands_nothing_over(pair: Pair, tmp_path: Path):
    other = a_certificate(tmp_path, "other")
    with (
        served(TakesAll(), Secured(certificates=Certificates(*pair))) as port,
        smtplib.SMTP("127.0.0.1", port, timeout=20) as client,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        client.starttls(context=trusting(other))


@pytest.mark.parametrize("how", ["ended", "cut off", "no handshake"])
def test_connections_that_are_over_keep_nobody_out(pair: Pair, how: str):
    """Once a connection speaks TLS its end is told to others: it must free its place all the same."""
    room = TakesAll()
    with served(room, Secured(certificates=Certificates(*pair))) as port:
        for _ in range(CONNECTIONS + 2):
            client = smtplib.SMTP("127.0.0.1", port, timeout=20)
            client.ehlo()
            if how == "no handshake":
                client.docmd("STARTTLS")
                assert client.sock is not None
                client.sock.sendall(b"this is no handshake\r\n" * 3)
                while client.sock.recv(1000):
                    pass
            else:
                client.starttls(context=trusting(pair))
                client.noop()
            if how == "ended":
                client.quit()
            else:
                client.close()
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            assert handed_over(client)[0] == 250


def test_those_who_stay_do_keep_others_out(pair: Pair):
    """The control of the one above."""
    with served(TakesAll(), Secured(certificates=Certificates(*pair))) as port:
        clients = [smtplib.SMTP("127.0.0.1", port, timeout=20) for _ in range(CONNECTIONS)]
        for client in clients:
            client.starttls(context=trusting(pair))
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            smtplib.SMTP("127.0.0.1", port, timeout=20)
        assert refused.value.smtp_code == 421
        for client in clients:
            client.close()


def test_what_is_said_in_clear_before_the_handshake_does_not_count(pair: Pair):
    """Commands behind STARTTLS in the same packet would be another's, who cannot speak TLS (CVE-2011-0411)."""
    room = TakesAll()
    with (
        served(room, Secured(certificates=Certificates(*pair))) as port,
        socket.create_connection(("127.0.0.1", port), 20) as plain,
    ):
        plain.recv(1000)
        plain.sendall(b"EHLO x\r\n")
        plain.recv(1000)
        plain.sendall(b"STARTTLS\r\nEHLO y\r\nMAIL FROM:<evil@x.example>\r\n")
        assert plain.recv(1000).startswith(b"220")
        with trusting(pair).wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            secure.sendall(b"NOOP\r\n")
            assert secure.recv(1000) == b"250 OK\r\n"


def serial(port: int, pair: Pair) -> str:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.starttls(context=trusting(pair))
        assert isinstance(client.sock, ssl.SSLSocket)
        found = client.sock.getpeercert()
        assert found is not None
        return str(found["serialNumber"])


def test_a_renewed_certificate_is_used_for_the_next_connection_and_a_broken_one_is_not(pair: Pair, tmp_path: Path):
    with served(TakesAll(), Secured(certificates=Certificates(*pair))) as port:
        first = serial(port, pair)
        assert serial(port, pair) == first
        a_certificate(tmp_path)
        second = serial(port, pair)
        assert second != first
        kept = (tmp_path / "kept.pem", Path(pair.certificate).read_bytes())
        kept[0].write_bytes(kept[1])
        Path(pair.certificate).write_text("half a fi")
        assert serial(port, Pair(str(kept[0]), pair.key)) == second
