"""Intake's own environment variables, besides those every service reads."""

from typing import Literal

from pydantic import Field

from shared.callbacks.settings import CallbackSettings
from shared.catalogue.attachments import MAX_BYTES


class IntakeSettings(CallbackSettings):
    """See Settings and CallbackSettings."""

    max_batch_bytes: int = Field(default=64 * 1024 * 1024, description="largest body of POST /v1/requests:batch")
    max_attachment_bytes: int = Field(
        default=MAX_BYTES, description="largest attachment that can be stored; at most what a request may name"
    )
    mail_port: int | None = Field(default=None, ge=0, le=65535, description="where mails are received; unset: nowhere")
    mail_host: str = "127.0.0.1"
    mail_protocol: Literal["smtp", "lmtp"] = "smtp"
    mail_addresses: str = Field(
        default="",
        description="our own addresses, with commas between; mails to others are refused. Empty: mails to any are taken",
    )
    mail_vouching_server: str | None = Field(
        default=None,
        min_length=1,
        description="name of the mail server whose Authentication-Results must say that the sender passed (SPF, DKIM or DMARC)",
    )
    max_mail_bytes: int = Field(default=MAX_BYTES, ge=1024, description="largest mail, its files as they are encoded")

    @property
    def mailboxes(self) -> frozenset[str]:
        """Our own addresses, in small letters."""
        return frozenset(address.strip().lower() for address in self.mail_addresses.split(",") if address.strip())
