"""One GreenMail on free ports of this machine: SMTP in, IMAP and IMAPS out. It keeps its mails in memory, and forgets them at its end."""

import asyncio
import imaplib
from pathlib import Path

from infra import maven
from infra.embedded.programs import Program, free_port

POM = Path(__file__).with_name("pom.xml")
JARS = Path("var/mailbox/jars")
OLDEST_JAVA = 17
HEAP = "-Xmx96m"
START_SECONDS = 60.0


def lacking() -> str | None:
    """What this machine lacks to run it, with the remedy; None when it can."""
    return maven.lacking(OLDEST_JAVA)


def fetch(jars: Path) -> None:
    """Bring the jar from Maven Central into `jars`, if it is not there. Raises ProgramError when it does not come."""
    maven.fetch(POM, jars, holding="greenmail-standalone-*.jar")


class MailServer:
    """`users` maps names to passwords; each has a mailbox."""

    def __init__(self, folder: Path, users: dict[str, str], *, jars: Path = JARS) -> None:
        self._users = users
        self.ports = {name: free_port() for name in ("smtp", "imap", "imaps")}
        places = [
            f"-Dgreenmail.{name}.{what}" for name, port in self.ports.items() for what in ("hostname=127.0.0.1", f"port={port}")
        ]
        accounts = ",".join(f"{user}:{password}@mailbox.example" for user, password in users.items())
        main = "com.icegreen.greenmail.standalone.GreenMailStandaloneRunner"
        told = ["-Dgreenmail.startup.timeout=30000", *places, f"-Dgreenmail.users={accounts}"]
        command = ["java", HEAP, *told, "-cp", f"{jars.absolute()}/*", main]
        self.program = Program("mailbox", command, log=folder / "mailbox.log")

    async def start(self) -> None:
        """Start it and wait until it answers. Raises ProgramError."""
        self.program.start()
        await self.program.wait_until(lambda: asyncio.to_thread(self._answers), START_SECONDS)

    async def stop(self) -> None:
        """End it; its mails are forgotten."""
        await self.program.stop()

    def _answers(self) -> bool:
        """Whether the last of the users may come in: they are made after the ports are open."""
        user, password = list(self._users.items())[-1]
        try:
            client = imaplib.IMAP4("127.0.0.1", self.ports["imap"], timeout=5)
            client.login(user, password)
            client.logout()
        except (OSError, imaplib.IMAP4.error):
            return False
        return True
