"""Whose a desk is: another unit sees, touches and learns nothing, and a system's own key sees what is that system's."""

import pytest

from tests.builders import a_body, with_details
from tests.component.intake.intake_site import Site
from tests.component.intake.test_desk import ELSEWHERE, OTHER, batch, body, desk, lacking, resend, shown
from tests.component.intake.test_intake_access import issued

pytestmark = pytest.mark.stack


class TestWhose:
    async def test_another_unit_sees_and_touches_nothing(self, site: Site):
        request = (await site.ask("POST", "/v1/requests", json=lacking("R-1"))).json()["id"]
        await batch(site, {"n": 1})
        entries = [line["entry"] for line in (await desk(site))["entries"]]
        assert request in entries
        assert (await desk(site, by=OTHER)) == {
            "entries": [],
            "counts": {"returned": 0, "rejected": 0, "refused": 0, "settled": 0},
            "next": None,
        }
        assert (await desk(site, by=OTHER, business_unit="harbour"))["entries"] == [], "whose desk is for services to say"
        for entry in (*entries, "d-none"):
            assert (await site.ask("GET", f"/v1/desk/{entry}", by=OTHER)).status_code == 404
            assert (await resend(site, entry, {"body": body("R-1")}, by=OTHER)).status_code == 404

    async def test_a_line_about_another_units_request_lies_on_the_desk_of_who_sent_it(self, site: Site):
        await site.ask("POST", "/v1/requests", json=body("R-1"))
        (answer,) = await batch(site, {"action": "withdraw", "body": body("R-1") | {"reason": "x"}}, by=OTHER)
        assert answer["problem"]["code"] == "unknown_request"
        assert [len((await desk(site, by=by))["entries"]) for by in (OTHER, "dev-unit-harbour")] == [1, 0]

    async def test_what_becomes_of_another_units_request_settles_nothing_here(self, site: Site):
        await batch(site, body("R-9"), by=OTHER)
        (line,) = (await desk(site, by=OTHER))["entries"]
        await site.submitted("R-9")
        assert [one["entry"] for one in (await desk(site, by=OTHER))["entries"]] == [line["entry"]]
        assert await site.shelf.sweep() == 0
        assert (await shown(site, line["entry"], by=OTHER))["settled"] is None

    async def test_a_key_made_for_one_system_sees_that_systems_entries_alone(self, site: Site):
        _, crm = await issued(site, files_for="system")
        _, whole = await issued(site, files_for="unit", system="portal")
        erp = with_details(a_body("tech.survey", source={"system": "erp", "reference": "E-1"}), purpose=None)
        requests = [(await site.ask("POST", "/v1/requests", json=one)).json()["id"] for one in (lacking("R-1"), erp)]
        await batch(site, *({"action": "smile", "body": one} for one in (body("R-2"), erp)), {"n": 1})
        await batch(site, {"n": 2}, by=crm)
        every = {line["entry"]: line for line in (await desk(site))["entries"]}
        assert set(every) == {line["entry"] for line in (await desk(site, by=whole))["entries"]}
        assert len(every) == 6
        page = await desk(site, by=crm)
        assert requests[0] in {line["entry"] for line in page["entries"]}
        assert page["counts"] == {"returned": 1, "rejected": 0, "refused": 2, "settled": 0}
        assert len(page["entries"]) == 3
        for entry in every:
            expected = 200 if entry in {line["entry"] for line in page["entries"]} else 404
            assert (await site.ask("GET", f"/v1/desk/{entry}", by=crm)).status_code == expected
        assert (await resend(site, requests[1], {}, by=crm)).status_code == 404

    async def test_of_a_request_that_another_unit_filed_only_the_public_wording_is_shown(self, site: Site):
        request = (await site.ask("POST", "/v1/requests", by=ELSEWHERE, json=lacking("R-1"))).json()["id"]
        own, theirs = [await shown(site, request, by=by) for by in (ELSEWHERE, "dev-unit-harbour")]
        assert own["body"]["details"]["counterparts"] == body("R-1")["details"]["counterparts"]
        assert theirs["body"]["details"]["counterparts"] == {"$personal": "details.counterparts"}

    async def test_what_may_not_be_filed_may_not_be_filed_from_the_desk_either(self, site: Site):
        (answer,) = await batch(site, body("R-9"), by=OTHER)
        assert answer["problem"]["code"] == "not_your_unit"
        (line,) = (await desk(site, by=OTHER))["entries"]
        for correction in ({}, {"action": "submit", "body": body("R-9")}):
            again = await resend(site, line["entry"], correction, by=OTHER)
            assert (again.status_code, again.json()["code"]) == (403, "not_your_unit")
        assert (await site.ask("GET", "/v1/requests")).json()["requests"] == []
