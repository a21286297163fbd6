"""The directory of people: imported as a file, said on backline.people.v1, read by those who assign."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import orjson
import yaml
from fastapi import APIRouter, Depends, Request

from services.intake.reception import Clock, command_id
from shared.catalogue import load_pack, read_directory
from shared.catalogue.directory_gaps import gaps
from shared.catalogue.strict_yaml import IMPOSSIBLE
from shared.http.principal import Principal
from shared.http.problems import Refused, language
from shared.http.validation import pointer
from shared.ledger.desk import Desk
from shared.ledger.messages import Outcome, Refusal, Told
from shared.people.copy import DirectoryCopy
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.people import Person
from shared.schemas.requests import Problem
from shared.storage import Sight

NAMED = 20
AT_ONCE = 100
"""So many entries are recorded by one write: what a larger one takes meanwhile, the process keeps until it ends."""
SERVICE_ONLY = Refusal(
    code="operators_only",
    status=403,
    message=Text(zh="只有运维凭证可以导入人员目录。", en="Only an operator's token may import the directory."),
)


class Imported(Frozen):
    """How an import went: entries that changed, those that were known already, and the directory's new version.

    `lacking` says for whom the directory, as it is now, names nobody, so that requests would wait.
    """

    recorded: int
    unchanged: int
    version: str
    lacking: tuple[Text, ...] = ()


class PersonLine(Frozen):
    """Who somebody is and which posts they hold."""

    id: str
    name: str
    business_unit: str
    roles: tuple[str, ...]


class UnitLine(Frozen):
    """A business unit's code and its names."""

    code: str
    zh: str
    en: str


class People(Frozen):
    """The unit's people, by id, the business units by code, and the version of the directory that this is."""

    version: str
    business_units: tuple[UnitLine, ...]
    people: tuple[PersonLine, ...]


def people_routes(desk: Desk, people: DirectoryCopy, clock: Clock, principal: Callable[..., Any]) -> APIRouter:
    """POST /v1/people:import and GET /v1/people."""
    router = APIRouter(prefix="/v1", tags=["people"])
    Caller = Annotated[Principal, Depends(principal)]

    @router.post(
        "/people:import",
        summary="Import a directory file (YAML or JSON); importing it again changes nothing",
        openapi_extra={"requestBody": {"required": True, "content": {"application/yaml": {"schema": {"type": "object"}}}}},
    )
    async def imported(request: Request, caller: Caller) -> Imported:
        if caller.kind != "service":
            raise Refused(SERVICE_ONLY)
        commands = _commands(await request.body(), clock, language(request.headers.get("accept-language", "")))
        outcomes: list[Outcome] = []
        for first in range(0, len(commands), AT_ONCE):
            outcomes += await asyncio.gather(*map(desk.tell, commands[first : first + AT_ONCE]))
        if unrecorded := [outcome.subject for outcome in outcomes if outcome.problem]:
            raise Refused(_not_now(unrecorded))
        recorded = sum(1 for outcome in outcomes if outcome.events and not outcome.repeated)
        now = people.directory
        return Imported(
            recorded=recorded, unchanged=len(outcomes) - recorded, version=now.version, lacking=gaps(now, load_pack())
        )

    @router.get("/people", summary="The directory: who holds which roles, as far as they are of the unit that asks")
    async def listed(caller: Caller) -> People:
        everybody = [person for _, person in sorted(people.directory.people.items())]
        rows = tuple(PersonLine(**dict(person)) for person in everybody if _seen(caller.sight, person))
        units = tuple(
            UnitLine(code=code, zh=unit.name.zh, en=unit.name.en) for code, unit in sorted(people.directory.units.items())
        )
        return People(version=people.directory.version, business_units=units, people=rows)

    return router


def _seen(sight: Sight, person: Person) -> bool:
    return sight.by_oneself().allows(units={person.business_unit}, people={person.id})


def _not_now(unrecorded: Sequence[str]) -> Refusal:
    """Some entries could not be recorded, for a reason of ours."""
    named, more = ", ".join(unrecorded[:NAMED]), len(unrecorded) - NAMED
    rest = Text(zh=f"等{len(unrecorded)}条" if more > 0 else "", en=f" and {more} more" if more > 0 else "")
    return Refusal(
        code="not_now",
        status=503,
        message=Text(
            zh=f"未能记录：{named}{rest.zh}；其余已记录。请稍后重新导入同一文件；若仍不行，请用 backline parked list 查看被搁置的条目。",
            en=f"Not recorded: {named}{rest.en}; all others are. Import the same file again later; "
            "if that does not help, see with `backline parked list` what is set aside.",
        ),
    )


def _commands(raw: bytes, clock: Clock, locale: str) -> list[Told]:
    """One command per entry. Raises Refused with every fault of the file."""
    try:
        content = _content(raw)
    except (yaml.YAMLError, *IMPOSSIBLE) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        text = Text(
            zh=f"文件不是有效的 YAML 或 JSON（行:列 {place}）；请改正后重新导入。",
            en=f"The file is neither YAML nor JSON (line:column {place}); mend it and import it again.",
        )
        raise Refused(Refusal(code="unreadable", status=400, message=text)) from error
    units, persons, problems = read_directory(content)
    if problems:
        first = Text(zh="；".join(p.message.zh for p in problems[:20]), en="; ".join(p.message.en for p in problems[:20]))
        raise Refused(_bad_directory(first), _places(problems, content, locale))
    entries = [_told("record_unit", f"unit:{unit.code}", {"unit": unit.model_dump(mode="json")}, clock) for unit in units]
    return entries + [_told("record_person", person.id, {"person": person.model_dump(mode="json")}, clock) for person in persons]


def _content(raw: bytes) -> Any:
    """The file's content. JSON is read as JSON: as YAML, which it is too, it takes two hundred times as long and ten times the memory.

    Raises what reading YAML raises.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return yaml.safe_load(raw)


def _bad_directory(faults: Text) -> Refusal:
    message = Text(
        zh=f"目录有误，什么都没有导入：{faults.zh}", en=f"The directory is wrong, and nothing was imported: {faults.en}"
    )
    return Refusal(code="bad_directory", status=422, message=message)


def _places(problems: Sequence[Problem], content: object, locale: str) -> list[Json]:
    """Each fault by its pointer into the file; an entry that is named by id or code goes by its place, the next of a name twice used."""
    times = Counter[str]()
    told: list[Json] = []
    for problem in problems:
        group, *rest = problem.field.split(".")
        entries = content.get(group) if isinstance(content, dict) else None
        if rest and isinstance(entries, list) and not rest[0].isdecimal():
            holders = [place for place, entry in enumerate(entries) if isinstance(entry, dict) and rest[0] in _names(entry)]
            rest[0] = str(holders[min(times[problem.field], len(holders) - 1)]) if holders else rest[0]
        times[problem.field] += 1
        said = {"detail": problem.message.by_locale(locale), "message": problem.message.model_dump()}
        told.append({"pointer": pointer((group, *rest)), "field": problem.field, "code": problem.code, **said})
    return told


def _names(entry: Json) -> set[str]:
    return {str(entry[key]) for key in ("id", "code") if key in entry}


def _told(name: str, subject: str, data: Json, clock: Clock) -> Told:
    now = clock.now()
    return Told(id=command_id(name, subject, now.isoformat()), subject=subject, name=name, data=data, at=now)
