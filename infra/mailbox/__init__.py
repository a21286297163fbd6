"""GreenMail, for tests: a mail server with IMAP whose jar comes from Maven Central; it needs Java 17 and Maven, and no Docker."""

from infra.mailbox.server import MailServer, fetch, lacking

__all__ = ["MailServer", "fetch", "lacking"]
