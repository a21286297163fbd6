"""A state written down as JSON: what a decision left as it was is taken from what is written already. Pure."""

from typing import Any

from pydantic import BaseModel

from shared.schemas.model import Frozen, Json


def written(state: Frozen, opened: Frozen | None, stored: Json | None) -> Json:
    """`state` as JSON, where `stored` is `opened` as JSON; equal to `state.model_dump(mode="json")`. Raises what that raises.

    Of a `stored` that another release of the same schema wrote, what this one does not know stays.
    """
    if opened is None or stored is None or type(opened) is not type(state):
        return state.model_dump(mode="json")
    changed = {name for name in type(state).model_fields if getattr(state, name) is not getattr(opened, name)}
    parts = {name: part for name in changed if (part := _part(state, opened, stored, name)) is not None}
    dumped = state.model_dump(mode="json", include=changed - parts.keys()) if changed - parts.keys() else {}
    return {**stored, **dumped, **parts}


def _part(state: Frozen, opened: Frozen, stored: Json, name: str) -> Any:
    """A field that holds models, by its entries; None for any other, which is written as a whole."""
    own_ways = state.__pydantic_decorators__.field_serializers.values()
    if name not in stored or any(name in way.info.fields for way in own_ways):
        return None
    now, before, known = getattr(state, name), getattr(opened, name), stored[name]
    if isinstance(now, tuple) and isinstance(before, tuple) and all(isinstance(entry, BaseModel) for entry in now):
        same = [place < len(before) and entry is before[place] for place, entry in enumerate(now)]
        return [known[place] if same[place] else entry.model_dump(mode="json") for place, entry in enumerate(now)]
    if (
        isinstance(now, dict)
        and isinstance(before, dict)
        and all(isinstance(key, str) and isinstance(entry, BaseModel) for key, entry in now.items())
    ):
        return {key: known[key] if before.get(key) is entry else entry.model_dump(mode="json") for key, entry in now.items()}
    return None
