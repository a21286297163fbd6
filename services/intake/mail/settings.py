"""The environment variables of the mail channel: the receiver, its certificate and relays, and the mailbox that is polled."""

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from services.intake.mail.mailbox import Account
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

    mail_imap_host: str | None = Field(default=None, min_length=1, description="where a mailbox is polled; unset: none is")
    mail_imap_port: int | None = Field(default=None, ge=1, le=65535, description="unset: 993, or 143 without implicit TLS")
    mail_imap_tls: Literal["implicit", "starttls", "none"] = Field(default="implicit", description="none is for development")
    mail_imap_ca_file: str | None = Field(default=None, description="PEM file with the certificates that sign the mailbox's")
    mail_imap_user: str | None = None
    mail_imap_password: SecretStr | None = None
    mail_imap_folder: str = Field(default="INBOX", min_length=1)
    mail_imap_done_folder: str | None = Field(
        default=None, min_length=1, description="where mails go that were taken; unset: they stay, with the keyword BacklineTaken"
    )
    mail_imap_refused_folder: str | None = Field(
        default=None,
        min_length=1,
        description="where mails go that were refused; unset: they stay, with the keyword BacklineRefused",
    )
    mail_imap_seconds: float = Field(default=30, gt=0, le=3600, description="how long after an empty mailbox it is read again")

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

    @model_validator(mode="after")
    def _mailbox_is_whole(self) -> Self:
        """Half an account is refused, and a password that would go over the wire in clear."""
        given = {
            "BACKLINE_MAIL_IMAP_HOST": self.mail_imap_host,
            "BACKLINE_MAIL_IMAP_USER": self.mail_imap_user,
            "BACKLINE_MAIL_IMAP_PASSWORD": self.mail_imap_password,
        }
        lacking = [name for name, value in given.items() if value is None]
        if 0 < len(lacking) < len(given):
            raise ValueError(f"{' and '.join(lacking)} would complete the mailbox that is polled; set all three or none")
        if self.mail_imap_tls == "none" and self.mail_imap_host is not None and self.environment != "development":
            raise ValueError("BACKLINE_MAIL_IMAP_TLS=none sends the password in clear; set implicit or starttls")
        folders = [self.mail_imap_folder, self.mail_imap_done_folder, self.mail_imap_refused_folder]
        if (folders[1] is None) != (folders[2] is None) or len({*folders} - {None}) != len([one for one in folders if one]):
            raise ValueError(
                "BACKLINE_MAIL_IMAP_DONE_FOLDER and BACKLINE_MAIL_IMAP_REFUSED_FOLDER go together, and are two other folders than "
                "BACKLINE_MAIL_IMAP_FOLDER; set both or neither"
            )
        return self

    @property
    def mailbox(self) -> Account | None:
        """The mailbox that is polled, if one is."""
        if self.mail_imap_host is None or self.mail_imap_user is None or self.mail_imap_password is None:
            return None
        return Account(
            host=self.mail_imap_host,
            port=self.mail_imap_port or (993 if self.mail_imap_tls == "implicit" else 143),
            tls=self.mail_imap_tls,
            user=self.mail_imap_user,
            password=self.mail_imap_password.get_secret_value(),
            ca_file=self.mail_imap_ca_file,
            folder=self.mail_imap_folder,
            done_folder=self.mail_imap_done_folder,
            refused_folder=self.mail_imap_refused_folder,
        )

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
