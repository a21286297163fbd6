"""Documents of one cause: people hear of all of them once, whatever the order and the end of each; machines hear of each."""

import pytest
from pydantic import BaseModel

from services.notify.domain import NotifyDomain
from services.notify.policy import load_policy
from shared.ledger.messages import NOTHING
from shared.schemas.documents import DocumentFailed
from tests.builders import a_document
from tests.unit.notify.notify_build import Story, coordinator_assigned, submitted, supporters_assigned, told


class TestDocumentsOfOneCause:
    """A PDF and a Word file of one proposal; people hear of both at once."""

    PDF, WORD = (a_document(identity, name=identity, together=("pdf", "word")) for identity in ("pdf", "word"))
    NO_WORD = DocumentFailed(document="word", kind="tech.proposal", problem="no font", cause="template", together=("pdf", "word"))
    NO_PDF = DocumentFailed(document="pdf", kind="tech.proposal", problem="no font", cause="template", together=("pdf", "word"))

    def a_story(self, *said: BaseModel) -> Story:
        return Story().through([submitted(), coordinator_assigned(), supporters_assigned("anna"), *said])

    def test_the_first_is_told_to_machines_alone(self):
        assert told(self.a_story().hear(self.PDF)) == {"webhook:crm": "subscribers"}

    @pytest.mark.parametrize("order", [("PDF", "WORD"), ("WORD", "PDF")], ids="-".join)
    def test_the_last_is_told_to_everybody_with_the_names_of_all(self, order: tuple[str, str]):
        first, last = (getattr(self, name) for name in order)
        decision = self.a_story(first).hear(last)
        assert told(decision) == {"email:asker": "requester", "email:anna": "supporters", "webhook:crm": "subscribers"}
        (mail, *_) = (item for item in decision.items if item.kind == "email")
        assert mail.data["params"]["particulars"]["files"] == ["pdf", "word"]

    def test_a_machine_gets_the_document_of_each_event(self):
        story = self.a_story()
        hooks = [item for said in (self.PDF, self.WORD) for item in story.hear(said).items if item.kind == "webhook"]
        assert [hook.data["params"]["particulars"]["document"] for hook in hooks] == ["pdf", "word"]

    @pytest.mark.parametrize("order", [("PDF", "NO_WORD"), ("NO_WORD", "PDF")], ids="-".join)
    def test_where_one_failed_the_others_are_announced_all_the_same(self, order: tuple[str, str]):
        first, last = (getattr(self, name) for name in order)
        decision = self.a_story(first).hear(last)
        templates = {item.data["recipient"]: item.data["template"] for item in decision.items if item.kind == "email"}
        assert templates == {"anna": "document_failed", "boss": "document_failed", "asker": "document_rendered"}
        shown = decision.items[-1].data["params"]["particulars"]
        assert (shown["files"], shown["failures"]) == (["pdf"], ["template"])

    def test_where_all_failed_nobody_is_told_of_a_file(self):
        decision = self.a_story(self.NO_PDF).hear(self.NO_WORD)
        assert {item.data["template"] for item in decision.items if item.kind == "email"} == {"document_failed"}

    def test_a_set_announced_as_failed_is_announced_once_more_when_it_has_become_whole(self):
        story = self.a_story(self.NO_WORD, self.PDF)
        decision = story.hear(self.WORD)
        assert {item.data["template"] for item in decision.items if item.kind == "email"} == {"document_rendered"}

    def test_a_set_announced_as_failed_is_not_announced_again_while_one_of_it_is_still_lacking(self):
        assert told(self.a_story(self.NO_WORD, self.NO_PDF).hear(self.PDF)) == {"webhook:crm": "subscribers"}

    @pytest.mark.parametrize("order", [("PDF", "NO_WORD"), ("NO_WORD", "PDF"), ("NO_PDF", "NO_WORD")], ids="-".join)
    @pytest.mark.parametrize("told_of", ["document_failed", "document_rendered"])
    def test_a_table_that_names_one_end_alone_is_followed_whichever_end_came_last(self, told_of: str, order: tuple[str, str]):
        first, last = (getattr(self, name) for name in order)
        story = self.a_story()
        shipped = load_policy()
        only = {name: row for name, row in shipped.events.items() if not name.startswith("backline.documents")}
        row = shipped.events[f"backline.documents.{told_of}"]
        story.domain = NotifyDomain(shipped.model_copy(update={"events": {**only, f"backline.documents.{told_of}": row}}))
        mails = [item.data["template"] for said in (first, last) for item in story.hear(said).items if item.kind == "email"]
        wanted = told_of == "document_failed" or "PDF" in order
        assert set(mails) == ({told_of} if wanted else set())

    def test_the_last_heard_twice_plans_nothing_more(self):
        story = self.a_story(self.PDF, self.WORD)
        assert story.last is not None
        assert story.hear_event(story.last) == NOTHING

    def test_another_cause_is_announced_by_itself(self):
        again = a_document("pdf-2", version=2, together=("pdf-2",))
        assert "email:asker" in told(self.a_story(self.PDF).hear(again))

    def test_one_said_before_there_was_the_list_is_announced_by_itself(self):
        assert "email:asker" in told(self.a_story().hear(a_document("old")))
