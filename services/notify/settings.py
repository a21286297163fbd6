"""Notify's own environment variables, besides those every service reads. Secrets stay out of logs and errors."""

from typing import Literal

from pydantic import Field, Json, SecretStr

from shared.service.settings import Settings


class NotifySettings(Settings):
    """See Settings. Rooms and webhooks are JSON objects: unit → robot key, name → {url, secret}."""

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    mail_from: str = "backline@localhost.localdomain"
    mail_name: str = "Backline 营销支持"
    chat_url: str = "https://qyapi.weixin.qq.com"
    chat_rooms: Json[dict[str, str]] = Field(default_factory=dict)
    webhooks: Json[dict[str, dict[str, str]]] = Field(default_factory=dict)
    link_request: str = Field(
        default="http://127.0.0.1:8001/v1/requests/{request}", description="where a message's reader gets on"
    )
    link_document: str = "http://127.0.0.1:8004/v1/documents/{document}"
