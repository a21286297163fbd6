"""Notify's own environment variables, besides those every service reads. Secrets stay out of logs and errors."""

import re
from typing import Literal, Self

from pydantic import Field, Json, SecretStr, field_validator, model_validator

from services.notify.channels.smtp import SmtpServer
from shared.acting.settings import ActingSettings
from shared.callbacks.settings import CallbackSettings


class NotifySettings(CallbackSettings, ActingSettings):
    """See Settings, CallbackSettings and ActingSettings. Rooms and webhooks are JSON objects: unit → robot key, name → {url, secret}."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_connections: int = Field(
        default=SmtpServer.connections,
        ge=1,
        le=200,
        description="how many connections to the mail server a process has open at most",
    )
    smtp_timeout_seconds: float | None = Field(
        default=None,
        ge=1,
        le=600,
        description="how long the mail server may take for one step; some look through a mail for long before they say that they have "
        "it (RFC 5321 allows ten minutes), and whoever does not wait is in doubt. At most half of BACKLINE_LEASE_SECONDS; "
        "unless set it is that half, or 20 if that is less",
    )
    mail_from: str = "backline@localhost.localdomain"
    mail_reply_to: str | None = Field(
        default=None, description="where answers go that people write to our mails: the address on which intake receives mails"
    )
    mail_name: str = "Backline 营销支持"
    chat_url: str = "https://qyapi.weixin.qq.com"
    chat_rooms: Json[dict[str, str]] = Field(default_factory=dict, repr=False)
    webhooks: Json[dict[str, dict[str, str]]] = Field(default_factory=dict, repr=False)
    console_url: str | None = Field(
        default=None,
        description="the web console for people; mails link to <console_url>/requests/<id>, and to nothing when unset",
    )

    public_url: str | None = Field(
        default=None,
        description="where routing answers to people's browsers; mails that ask for something link to <public_url>/act/<token>, and "
        "to nothing when unset",
    )

    @field_validator("console_url", "public_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if not value:
            return None
        if not re.fullmatch(r"https?://[^\s\"'<>()]+", value):
            raise ValueError("should be an address that begins with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _a_mail_is_over_before_its_lease(self) -> Self:
        """Who waits longer than the lease lasts loses it, and the mail is in doubt although it arrived."""
        if self.smtp_timeout_seconds is not None and self.smtp_timeout_seconds > self.lease_seconds / 2:
            raise ValueError("BACKLINE_SMTP_TIMEOUT_SECONDS is more than half of BACKLINE_LEASE_SECONDS; make the lease longer")
        return self

    @model_validator(mode="after")
    def _links_are_signed_and_sent_in_secret(self) -> Self:
        """Whoever reads a link may act by it: outside development it goes over https, and is signed."""
        if self.public_url and self.environment != "development":
            if not self.public_url.startswith("https:"):
                raise ValueError("BACKLINE_PUBLIC_URL is http, where anybody on the way reads the links; give an https address")
            if not self.act_secrets:
                raise ValueError("BACKLINE_PUBLIC_URL needs BACKLINE_ACT_SECRET, the same as routing has")
        return self
