"""The environment variables of the mail channel: the receiver, its certificate and relays, and the mailbox that is polled."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from services.intake.mail.securing import CertificateError, Certificates, Relays, Secured, relays_in
from shared.callbacks.settings import CallbackSettings
from shared.catalogue.attachments import MAX_BYTES
from shared.service.settings import SettingsError


class MailSettings(CallbackSettings):
    """See Settings and CallbackSettings."""

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
    mail_tls_cert_file: str | None = Field(default=None, description="PEM file with the receiver's certificate and its chain")
    mail_tls_key_file: str | None = Field(default=None, description="PEM file with the certificate's key, without a password")
    mail_tls_required: bool = Field(default=False, description="no mail is taken before STARTTLS")
    mail_relays: str | None = Field(
        default=None,
        repr=False,
        description="who may hand mails over, after AUTH over TLS: a line each, user:SHA-256 of the secret in hex; give it as a file",
    )

    @field_validator("mail_relays")
    @classmethod
    def _relays_are_whole(cls, value: str | None) -> str | None:
        if value is not None:
            relays_in(value)
        return value

    @model_validator(mode="after")
    def _receiver_is_whole(self) -> Self:
        """Half a certificate, or a duty without one, is refused."""
        if (self.mail_tls_cert_file is None) != (self.mail_tls_key_file is None):
            raise ValueError("BACKLINE_MAIL_TLS_CERT_FILE and BACKLINE_MAIL_TLS_KEY_FILE go together; set both or neither")
        certified = self.mail_tls_cert_file is not None
        wanting = {
            "BACKLINE_MAIL_TLS_REQUIRED": self.mail_tls_required and not certified,
            "BACKLINE_MAIL_RELAYS": self.mail_relays is not None and not certified,
        }
        for name, wants in wanting.items():
            if wants:
                raise ValueError(
                    f"{name} needs a certificate; set BACKLINE_MAIL_TLS_CERT_FILE and BACKLINE_MAIL_TLS_KEY_FILE too"
                )
        if certified and self.mail_port is None:
            raise ValueError("BACKLINE_MAIL_TLS_CERT_FILE is for the mail receiver; set BACKLINE_MAIL_PORT too")
        return self

    @property
    def secured(self) -> Secured:
        """How the receiver is secured. Raises SettingsError when its certificate cannot be used."""
        if self.mail_tls_cert_file is None or self.mail_tls_key_file is None:
            return Secured()
        try:
            certificates = Certificates(self.mail_tls_cert_file, self.mail_tls_key_file)
        except CertificateError as error:
            raise SettingsError(
                f"BACKLINE_MAIL_TLS_CERT_FILE, BACKLINE_MAIL_TLS_KEY_FILE: {error}; give PEM files that fit together"
            ) from error
        relays = Relays(relays_in(self.mail_relays)) if self.mail_relays is not None else None
        return Secured(certificates=certificates, required=self.mail_tls_required, relays=relays)

    @property
    def mailboxes(self) -> frozenset[str]:
        """Our own addresses, in small letters."""
        return frozenset(address.strip().lower() for address in self.mail_addresses.split(",") if address.strip())
