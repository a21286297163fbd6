"""A policy pack as values: the types, their fields, preconditions, roles and outputs, each with the article it comes from."""

from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator
from pydantic import Field as Described

from shared.schemas.model import Text
from shared.schemas.requests import PolicyPin

FieldType = Literal[
    "text", "texts", "integer", "number", "money", "time", "window", "choice", "choices", "file", "record", "lines"
]


class Strict(BaseModel):
    """A pack says nothing that is not understood: an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Labelled(Strict):
    """Whatever people call by a name, in two languages and by other names."""

    zh: str
    en: str
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (self.zh, self.en, *self.aliases)

    def name(self, locale: str) -> str:
        """The name in `locale`, zh unless en is asked for."""
        return self.en if locale == "en" else self.zh


class Field(Labelled):
    """One field of a form. `personal` values never leave intake; `deadline` must lie ahead; `same_as` names a request path.
    A record that is a `request_of` a type holds the unit, system and reference of a request of that type.

    `total` on lines names the two columns whose product is summed; on a record, `true` sums its amounts.
    """

    type: FieldType
    required: bool = False
    personal: bool = False
    deadline: bool = False
    record: bool = Described(default=False, description="a window may lie in the past: a record of what happened")
    single: bool = Described(default=False, description="choices may be given as one text")
    minimum: int | None = None
    same_as: str | None = None
    request_of: str | None = None
    total: bool | tuple[str, str] = False
    choices: dict[str, Labelled] = {}
    fields: dict[str, "Field"] = {}

    @model_validator(mode="before")
    @classmethod
    def _plain_choices(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("total"), list):
            return {**data, "total": tuple(data["total"])}
        return data

    @cached_property
    def key_of(self) -> dict[str, str]:
        """Every way to write a choice, folded, and its key."""
        names: dict[str, str] = {}
        for key, choice in self.choices.items():
            names |= {fold(name): key for name in (key, choice.zh, choice.en, *choice.aliases)}
        return names

    @cached_property
    def holds_personal(self) -> bool:
        """Whether this field, or one inside it, is personal."""
        return self.personal or any(inner.holds_personal for inner in self.fields.values())

    def choice(self, key: str, locale: str) -> str:
        """The label of one choice; an unknown key is shown as it is."""
        known = self.choices.get(key)
        return known.name(locale) if known else key


class Condition(Strict):
    """A group of preconditions of which one must hold, always or only for some values of details or opportunity."""

    any_of: tuple[str, ...]
    only: dict[str, Any] = {}
    unless: dict[str, Any] = {}


Mode = Literal["automatic", "choose"]


class SupporterRole(Strict):
    """One seat to fill. `skills` are wanted, `department` is required, `only` depends on details."""

    role: str
    skills: tuple[str, ...] = ()
    levels: dict[str, int] = Described(default={}, description="the least level of a skill, where it is more than 1")
    department: str | None = None
    only: dict[str, Any] = {}

    @model_validator(mode="after")
    def _sound_levels(self) -> "SupporterRole":
        if wrong := sorted(skill for skill, level in self.levels.items() if skill not in self.skills or level not in range(1, 4)):
            raise ValueError(f"levels: {', '.join(wrong)} must be among the skills, with a level of 1 to 3")
        return self


class Section(Labelled):
    """One part of an output that whoever does the work fills in."""

    key: str


class Output(Labelled):
    """What comes out, and when it is rendered. `formats` names the details field that lists the formats asked for."""

    when: Literal["accepted", "completed"]
    formats: str | None = None
    sections: tuple[Section, ...] = ()


class RequestType(Strict):
    """One of the kinds of support a unit may ask for."""

    key: str
    label: Text
    aliases: tuple[str, ...] = ()
    article: str
    articles: dict[str, str | None] = Described(
        default={},
        description="fields, `details` (all other fields), `preconditions`: their article, or null: an example of ours",
    )
    form: str
    opportunity: bool = True
    coordinator: str
    supporters: tuple[SupporterRole, ...]
    mode: Mode = Described(default="automatic", description="who picks the supporters: the ranking, or the coordinator from it")
    mode_by_unit: dict[str, Mode] = Described(default={}, description="business units that do it otherwise")
    review: bool = False
    own_allowed: bool = Described(default=False, description="who asked may work on it when nobody else can")
    effort: float = 1.0
    preconditions: tuple[Condition, ...] = ()
    later_without: dict[str, tuple[str, ...]] = {}
    output: Output
    fields: dict[str, Field]

    @model_validator(mode="before")
    @classmethod
    def _short_conditions(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        groups = data.get("preconditions", ())
        return {**data, "preconditions": [{"any_of": group} if isinstance(group, list) else group for group in groups]}

    def name(self, locale: str) -> str:
        """The type's name in `locale`."""
        return self.label.by_locale(locale)

    def mode_of(self, business_unit: str) -> Mode:
        """How `business_unit`'s supporters are picked."""
        return self.mode_by_unit.get(business_unit, self.mode)

    def article_of(self, line: str) -> str | None:
        """The article that a field, or `preconditions`, comes from; None where the policy is silent and the line is an example."""
        if line in self.articles:
            return self.articles[line]
        return self.articles.get("details", self.article) if line in self.fields else self.article


class Proof(Strict):
    """An earlier request that proves a precondition: of this type, in this status."""

    request: str
    status: str


class Precondition(Labelled):
    """One condition of the policy in its own words. Without `evidence`, every kind counts. Without a mode it is hard.

    One that is waivable may be waived by whoever holds a role of `waived_by` in the request's unit or at headquarters, for a request
    of their own only where `own_waiver` says so. What may come later is owed for `within_hours`, and told further `escalate_hours`
    after it was asked for in vain; without a time nobody asks.
    """

    evidence: tuple[str, ...] | None = None
    proof: Proof | None = None
    mode: Literal["hard", "waivable", "later"] = "hard"
    waived_by: tuple[str, ...] = ()
    own_waiver: bool = False
    within_hours: float | None = Described(default=None, gt=0, le=24 * 366)
    escalate_hours: float | None = Described(default=None, gt=0, le=24 * 366)

    @field_validator("waived_by", mode="before")
    @classmethod
    def _one_role(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class ServiceLevels(Strict):
    """Targets; `example` says that the policy names none."""

    example: bool
    first_response_hours: dict[str, float]


class Seats(Strict):
    """How many open requests a person may hold: the largest number among the roles held."""

    default: int
    by_role: dict[str, int] = {}


class Pack(Strict):
    """A policy in one version. `hash` is over its whole content."""

    name: str
    version: str
    hash: str
    label: Text
    owner: str
    articles: dict[str, str | None] = Described(default={}, description="as a type's articles, for the lines of the head")
    may_submit: tuple[str, ...]
    pool: str
    pool_coordinator: dict[str, str]
    forms: dict[str, Labelled]
    roles: dict[str, Labelled]
    departments: dict[str, Labelled] = Described(default={}, description="whose reviewers routing may ask for")
    skills: dict[str, Labelled] = Described(default={}, description="what routing may ask for; empty: anything")
    seats: Seats
    weights: dict[str, float]
    service_levels: ServiceLevels
    preconditions: dict[str, Precondition]
    evidence_kinds: tuple[str, ...]
    types: dict[str, RequestType]

    @property
    def pin(self) -> PolicyPin:
        """What a request filed now is pinned to."""
        return PolicyPin(name=self.name, version=self.version, hash=self.hash)

    @cached_property
    def _type_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for key, kind in self.types.items():
            names |= {fold(name): key for name in (key, kind.label.zh, kind.label.en, *kind.aliases)}
        return names

    def type_by_alias(self, text: str) -> RequestType | None:
        """The type called `text` in either language, by an alias, or by its key."""
        key = self._type_names.get(fold(text))
        return self.types[key] if key else None

    def role_name(self, role: str, locale: str) -> str:
        """A role's name; one the pack does not know is shown as it is."""
        return self.roles[role].name(locale) if role in self.roles else role

    def seat_name(self, role: str, department: str | None, locale: str) -> str:
        """What a seat is called: by its department where it stands for one, else by its role."""
        if department is None:
            return self.role_name(role, locale)
        return self.departments[department].name(locale) if department in self.departments else department


def fold(name: str) -> str:
    """Spelling differences that do not matter: case and blank space."""
    return "".join(name.casefold().split())
