"""Who leads a unit hears of evidence that is overdue."""

from services.notify.state import Context
from services.notify.surroundings import leaders_of
from tests.unit.notify.notify_build import (
    NOW,
    Story,
    a_directory,
    a_person,
    told,
)
from tests.unit.notify.scenes import SCENES


def test_whoever_leads_the_unit_hears_of_evidence_that_is_overdue_and_of_nothing_before():
    leaders = {"east": ("chief",), "west": ("other",)}
    story = Story(context=Context(now=NOW, leaders=leaders))
    for template in ("evidence_asked", "evidence_settled"):
        assert "email:chief" not in told(Story(context=story.context).through(SCENES[template][:-1]).hear(SCENES[template][-1]))
    decision = story.through(SCENES["evidence_overdue"][:-1]).hear(SCENES["evidence_overdue"][-1])
    assert told(decision) == {"email:boss": "coordinator", "email:chief": "unit_leader", "email:asker": "requester"}


def test_the_leaders_of_a_directory_are_those_who_hold_the_post_there():
    people = [a_person("chief", roles=("bu_leader",)), a_person("gone", roles=("bu_leader",), active=False)]
    assert leaders_of(a_directory(*people)) == {"east": ("chief",)}
