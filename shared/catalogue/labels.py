"""By which names people call the parts of a request, in both languages, and where each part stands in it. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.catalogue.frame import SHAPED
from shared.catalogue.pack import Field, Labelled, Pack, RequestType

BRACKETED = re.compile(r"[（(【\[][^（()）】\]]*[)）】\]]")
TEXT = Field(zh="文字", en="Text", type="text")
INTEGER = Field(zh="整数", en="Integer", type="integer")
SHORT_FOR_TYPE = "类型"
"""What the type is called in a letter; in a table a field may be called so."""
FRAME_LABELS: tuple[tuple[tuple[str, ...], Field, Labelled], ...] = (
    (("type",), TEXT, Labelled(zh="支持类型", en="Type", aliases=("申请类型", "申请事项", "Request type"))),
    (
        ("source", "reference"),
        TEXT,
        Labelled(zh="单据编号", en="Reference", aliases=("来源单号", "申请单号", "Source reference")),
    ),
    (("source", "system"), TEXT, Labelled(zh="来源系统", en="Source system")),
    (("business_unit",), TEXT, Labelled(zh="经营单位", en="Business unit", aliases=("所属单位", "申请部门"))),
    (("requester", "id"), TEXT, Labelled(zh="申请人工号", en="Employee id", aliases=("工号",))),
    (("requester", "name"), TEXT, Labelled(zh="申请人", en="Requester", aliases=("提出人",))),
    (("requester", "role"), TEXT, Labelled(zh="申请岗位", en="Post", aliases=("岗位",))),
    (("opportunity", "id"), TEXT, Labelled(zh="商机编号", en="Opportunity id", aliases=("机会编号", "Opportunity no"))),
    (
        ("opportunity", "name"),
        TEXT,
        Labelled(zh="商机名称", en="Opportunity", aliases=("项目名称", "机会名称", "Opportunity name")),
    ),
    (("opportunity", "customer", "id"), TEXT, Labelled(zh="客户编号", en="Customer id")),
    (("opportunity", "customer", "name"), TEXT, Labelled(zh="客户名称", en="Customer", aliases=("客户单位", "Customer name"))),
    (("opportunity", "customer", "industry"), TEXT, Labelled(zh="行业", en="Industry")),
    (("opportunity", "customer", "region"), TEXT, Labelled(zh="区域", en="Region")),
    (("opportunity", "tender_no"), TEXT, Labelled(zh="招标编号", en="Tender no")),
    (("opportunity", "stage"), INTEGER, Labelled(zh="商机阶段", en="Stage", aliases=("阶段",))),
    (("needed_by",), SHAPED["needed_by"], Labelled(zh="期望完成时间", en="Needed by", aliases=("需要时间", "要求完成时间"))),
    (("priority",), SHAPED["priority"], Labelled(zh="紧急程度", en="Priority", aliases=("优先级",))),
    (("locale",), SHAPED["locale"], Labelled(zh="语言", en="Language")),
    (("extra", "note"), TEXT, Labelled(zh="备注", en="Note", aliases=("补充说明", "Notes", "Remarks"))),
    (("extra", "currency"), TEXT, Labelled(zh="币种", en="Currency")),
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where what a label names stands in a request, and its shape. `part` is the part of a window that a label names alone.

    A precondition's place is ("evidence", its key).
    """

    path: tuple[str, ...]
    spec: Field
    part: str | None = None


def fold_label(label: str) -> str:
    """A label as labels are compared: width, case, blank space and unseen characters do not matter."""
    plain = unicodedata.normalize("NFKC", label).casefold()
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) not in {"Cf", "Cc", "Cs"}).strip("*_")


def bare_label(label: str) -> str:
    """`label` without what it says in brackets, folded."""
    return fold_label(BRACKETED.sub("", label))


def labels_of(pack: Pack, kind: RequestType | None) -> Mapping[str, Place]:
    """Folded label → place: of the frame, and of `kind`'s details and preconditions where it is known. What comes first stands."""
    places: dict[str, Place] = {}
    for name, place in (*(_of_kind(pack, kind) if kind else ()), *_of_frame(), *(_of_parts(kind) if kind else ())):
        places.setdefault(fold_label(name), place)
    places.pop("", None)
    return places


def _of_frame() -> Iterator[tuple[str, Place]]:
    for path, spec, label in FRAME_LABELS:
        yield from ((name, Place(path=path, spec=spec)) for name in label.names)
    yield SHORT_FOR_TYPE, Place(path=("type",), spec=TEXT)


def _of_kind(pack: Pack, kind: RequestType) -> Iterator[tuple[str, Place]]:
    for key, spec in kind.fields.items():
        place = Place(path=("details", key), spec=spec)
        yield from ((name, place) for name in (*spec.names, f"details.{key}"))
        if spec.type == "window":
            yield from _of_window(place)
    for key in dict.fromkeys(name for condition in kind.preconditions for name in condition.any_of):
        known = pack.preconditions[key]
        names = (*known.names, key, key.replace("_", " "), BRACKETED.sub("", known.zh))
        yield from ((name, Place(path=("evidence", key), spec=TEXT)) for name in names)


def _of_window(place: Place) -> Iterator[tuple[str, Place]]:
    """X时间和地点 is also said in two lines, X时间 and X地点, or in three."""
    zh = place.spec.zh.removesuffix("和地点").removesuffix("时间")
    names = {
        None: (f"{zh}时间",),
        "start": (f"{zh}时间起", f"{zh}开始时间"),
        "end": (f"{zh}时间止", f"{zh}结束时间"),
        "place": (f"{zh}地点",),
    }
    for part, called in names.items():
        yield from ((name, Place(path=place.path, spec=place.spec, part=part)) for name in called)


def _of_parts(kind: RequestType) -> Iterator[tuple[str, Place]]:
    """Short names, where nothing else is called so: the parts of the first window, the fields of records."""
    general = {None: ("时间", "Time"), "start": ("开始时间", "From"), "end": ("结束时间", "To")}
    general |= {"place": ("地点", "Place"), "time_zone": ("时区", "Time zone")}
    for key, spec in kind.fields.items():
        path = ("details", key)
        if spec.type == "window":
            for part, called in general.items():
                yield from ((name, Place(path=path, spec=spec, part=part)) for name in called)
        if spec.type == "record":
            for inner, sub in spec.fields.items():
                names = (sub.zh, *sub.aliases, f"{spec.zh}{sub.zh}", f"{spec.en} {sub.en}")
                yield from ((name, Place(path=(*path, inner), spec=sub)) for name in names)


TYPE_LABELS = frozenset(fold_label(name) for name, place in _of_frame() if place.path == ("type",))
"""By which labels the type is named, folded."""
