"""What units and people may ask of intake over HTTP."""

from services.intake.api.attachments import attachment_routes
from services.intake.api.catalogue import catalogue_routes
from services.intake.api.erasing import erasing_routes
from services.intake.api.people import people_routes
from services.intake.api.personal import personal_routes
from services.intake.api.reading import reading_routes
from services.intake.api.submitting import submitting_routes

__all__ = [
    "attachment_routes",
    "catalogue_routes",
    "erasing_routes",
    "people_routes",
    "personal_routes",
    "reading_routes",
    "submitting_routes",
]
