"""Notify's own environment variables, besides those every service reads. Secrets stay out of logs and errors."""

import re
from typing import Literal

from pydantic import Field, Json, SecretStr, field_validator

from shared.callbacks.settings import CallbackSettings


class NotifySettings(CallbackSettings):
    """See Settings and CallbackSettings. Rooms and webhooks are JSON objects: unit → robot key, name → {url, secret}."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_connections: int = Field(
        default=16, ge=1, le=200, description="how many connections to the mail server are open at most"
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

    @field_validator("console_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if not value:
            return None
        if not re.fullmatch(r"https?://[^\s\"'<>()]+", value):
            raise ValueError("should be an address that begins with http:// or https://")
        return value.rstrip("/")
