"""The benchmark's mail sink counts mails, however the bytes arrive, and knows which request each is about."""

from tests.bench.bare_mail import bare_mail
from tests.bench.sink import Session, Taken

REQUEST = "6f1c9a52-3f0e-5d7b-9a64-0b5b8a1f2c11"
TALK = b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"


class Wire:
    """What the sink answered."""

    def __init__(self) -> None:
        self.said = b""

    def write(self, data: bytes) -> None:
        self.said += data


def talked(*pieces: bytes) -> tuple[Taken, bytes]:
    """A session that was sent `pieces`."""
    taken, wire = Taken(), Wire()
    session = Session(taken)
    session.connection_made(wire)  # type: ignore[arg-type]
    for piece in pieces:
        session.data_received(piece)
    return taken, wire.said


def test_a_mail_is_taken_with_the_request_it_is_about():
    taken, said = talked(TALK, bare_mail("item", REQUEST) + b"\r\n.\r\n", b"QUIT\r\n")
    assert [request.decode() for _, request in taken.times] == [REQUEST]
    assert said.endswith(b"250 taken\r\n221 bye\r\n")


def test_bytes_may_arrive_one_at_a_time():
    whole = TALK + bare_mail("item", REQUEST) + b"\r\n.\r\n"
    taken, _ = talked(*(whole[place : place + 1] for place in range(len(whole))))
    assert len(taken.times) == 1


def test_several_mails_go_over_one_connection_and_help_counts_them():
    mail = bare_mail("item", REQUEST) + b"\r\n.\r\n"
    _, said = talked(TALK, mail, TALK, mail, b"HELP\r\n")
    assert said.endswith(b"214 2\r\n")


def test_a_mail_that_is_not_complete_is_not_taken():
    taken, _ = talked(TALK, bare_mail("item", REQUEST))
    assert taken.times == []
