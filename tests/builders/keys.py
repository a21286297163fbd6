"""Keys in memory, as MongoKeys keeps them."""

from shared.schemas.model import Json


class MemoryKeys:
    """`kept` holds what stands under each name."""

    def __init__(self) -> None:
        self.kept: dict[str, Json] = {}

    async def claim(self, name: str, wish: Json) -> Json | None:
        if name in self.kept:
            return dict(self.kept[name])
        self.kept[name] = dict(wish)
        return None

    async def settle(self, name: str, answer: str, *, instead_of: str | None = None) -> str:
        if self.kept.setdefault(name, {}).get("answer") == instead_of:
            self.kept[name]["answer"] = answer
        return str(self.kept[name]["answer"])
