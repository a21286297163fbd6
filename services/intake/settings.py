"""Intake's own environment variables, besides those every service reads."""

from pydantic import Field

from shared.catalogue.attachments import MAX_BYTES
from shared.service.settings import Settings


class IntakeSettings(Settings):
    """See Settings."""

    max_batch_bytes: int = Field(default=64 * 1024 * 1024, description="largest body of POST /v1/requests:batch")
    max_attachment_bytes: int = Field(
        default=MAX_BYTES, description="largest attachment that can be stored; at most what a request may name"
    )
