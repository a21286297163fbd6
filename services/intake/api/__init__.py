"""What units and people may ask of intake over HTTP."""

from services.intake.api.access import Administration, access_routes
from services.intake.api.attachments import attachment_routes
from services.intake.api.batches import batch_routes
from services.intake.api.callback_wishes import Callbacks
from services.intake.api.callbacks import callback_routes
from services.intake.api.catalogue import catalogue_routes
from services.intake.api.desk import desk_routes
from services.intake.api.erasing import erasing_routes
from services.intake.api.people import people_routes
from services.intake.api.personal import personal_routes
from services.intake.api.persons import person_routes
from services.intake.api.reading import reading_routes
from services.intake.api.submitting import submitting_routes
from services.intake.api.waiving import waiving_routes

__all__ = [
    "Administration",
    "Callbacks",
    "access_routes",
    "attachment_routes",
    "batch_routes",
    "callback_routes",
    "catalogue_routes",
    "desk_routes",
    "erasing_routes",
    "people_routes",
    "person_routes",
    "personal_routes",
    "reading_routes",
    "submitting_routes",
    "waiving_routes",
]
