"""What the templates of a season's mails may show."""

from typing import Any

from services.notify.rendering.view import Scene, written
from shared.ledger.messages import Item
from shared.schemas.model import Json

NO_REQUEST = {"number": "", "type": "", "opportunity": ""}


def season_view(item: Item, scene: Scene) -> Json:
    """Every value that they name: as for a request's messages, without a request."""
    said, words = item.data["params"]["particulars"], scene.words["season"]
    season = said["season"]
    unit = season["business_unit"]
    begins, ends = written(season["starts"], scene.reader), written(season["ends"], scene.reader)
    shown = {
        "name": season["name"],
        "unit": scene.unit(unit) if unit else words["everybody"],
        "begins": begins,
        "ends": ends,
        "reason": said.get("reason", ""),
        "by_person": said.get("cause") == "person",
        "by": "" if str(said.get("by", "")).startswith("service:") else scene.person(said.get("by", "")),
    }
    facts = [("name", shown["name"]), ("unit", shown["unit"]), ("from", begins), ("to", ends)]
    return {
        "words": scene.words,
        "locale": scene.reader.locale,
        "reader": scene.reader.name,
        "you": item.data["as"],
        "because": scene.words["because"][item.data["as"]],
        "standing_in": "",
        "request": NO_REQUEST,
        "facts": [(name, words[name], text) for name, text in facts],
        "particulars": shown,
        "points": [] if "cause" in said else _figures(season["figures"], words),
        "link": "",
        "answer": None,
        "footer": scene.words["footer"],
    }


def _figures(figures: Json, words: Any) -> list[tuple[str, str]]:
    """What counts meanwhile, a line for each."""
    factor, more = figures["cap_factor"], figures["cap_more"]
    places = f"×{factor:g}" + (f" +{more}" if more else "")
    borrowing = words["lent"].format(keep=figures["lenders_keep"]) if figures["borrowing"] else words["no"]
    return [
        (words["places"], places),
        (words["borrowing"], borrowing),
        (words["ageing"], words["sooner"] if figures["ageing"] else words["no"]),
    ]
