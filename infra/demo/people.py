"""The people of the sample: supporters accept what they are given and deliver it; an operator settles deliveries in doubt."""

import asyncio
from typing import Any

import httpx

from infra.demo.opinions import give_opinions
from infra.demo.sinks import Sinks
from infra.demo.starred import BID, confirm_items
from infra.stack import SERVICE_TOKEN, Stack

RESULT = {
    "tech.survey": {
        "organisation": "信息中心 12 人，业务处室 5 个",
        "it_state": "三套业务系统独立运行，数据每日人工汇总",
        "hardware": "虚拟化服务器 8 台，存储 40 TB",
        "network": "千兆内网，与政务外网逻辑隔离",
        "software": "Oracle 19c、自研办公平台",
        "platform": "倾向微服务与国产操作系统",
    },
    # Of these two the result is the outline that the customer reads.
    "tech.presentation": {
        "现状与目标": "业务协同的三个断点，一年内要达到的状态",
        "方案要点": "统一数据底座，分步上线，与现有系统并行",
        "实施与保障": "三个阶段的计划，驻场团队，培训与移交",
    },
    "tech.training": {
        "第一单元": "登录与日常操作，1.5 小时",
        "第二单元": "数据维护与报表，2 小时",
        "第三单元": "常见问题与考核，1 小时",
    },
}
REVIEWED = frozenset({"business.price", "business.contract"})
"""What is not delivered by one person: those who are asked give their opinions."""
DONE = {"结论": "已按申请完成"}
FINAL = frozenset({"completed", "confirmed", "withdrawn", "returned", "rejected", "dropped"})
SIDE_BY_SIDE = 8


class People:
    """Everybody, acting over HTTP with their own development tokens."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self._stack = stack
        self._client = client
        self._service = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
        self._slots = asyncio.Semaphore(SIDE_BY_SIDE)

    async def requests(self) -> list[dict[str, Any]]:
        """Every request as intake lists it."""
        rows: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            parameters = {"limit": "200", **({"after": after} if after else {})}
            page = await self._get("intake", "/v1/requests", parameters)
            rows += page["requests"]
            after = page["next"]
            if after is None:
                return rows

    async def unfinished(self) -> list[dict[str, Any]]:
        """The requests that are neither ended nor sent back."""
        return [row for row in await self.requests() if row["status"] not in FINAL]

    async def work(self, only: str | None = None) -> int:
        """Accept and deliver whatever is assigned (of type `only`, when given); how many requests were delivered."""
        rows = [row for row in await self.unfinished() if only is None or row["type"] == only]
        return sum(await asyncio.gather(*(self._deliver(row) for row in rows)))

    async def _deliver(self, row: dict[str, Any]) -> int:
        async with self._slots:
            assignment = await self._get("routing", f"/v1/requests/{row['id']}/assignment")
            if assignment.get("status") not in {"assigned", "working"}:
                return 0
            people = list(dict.fromkeys(seat["person"] for seat in assignment["supporters"]))
            for person in people:
                await self._post("routing", row["id"], "accept", person, None)
            if row["type"] in REVIEWED:
                address = f"{self._stack.url('routing')}/v1/requests/{row['id']}"
                return int(await give_opinions(self._client, address, self._service))
            if row["type"] == BID:
                address = f"{self._stack.url('routing')}/v1/requests/{row['id']}"
                await confirm_items(self._client, address, self._service, people[0])
            delivered = {"note": "材料齐备，已交付。", "result": RESULT.get(row["type"], DONE)}
            done = await self._post("routing", row["id"], "complete", people[0], delivered)
            return int(done == httpx.codes.OK)

    async def settle_doubts(self, rows: list[dict[str, Any]], sinks: Sinks) -> int:
        """Look into the mailboxes for every delivery in doubt: it is there, or it is sent again. How many were in doubt."""
        doubts = 0
        for row in rows:
            for delivery in await self.deliveries(row["id"]):
                if delivery["status"] != "unknown":
                    continue
                doubts += 1
                arrived = sinks.has(delivery["channel"], delivery["id"])
                path = f"/v1/requests/{row['id']}/notifications/{delivery['id']}/resolve"
                answer = await self._client.post(
                    f"{self._stack.url('notify')}{path}", json={"arrived": arrived}, headers=self._service
                )
                answer.raise_for_status()
        return doubts

    async def deliveries(self, request: str) -> list[dict[str, Any]]:
        """Every delivery about a request."""
        found: list[dict[str, Any]] = (await self._get("notify", f"/v1/requests/{request}/notifications")).get(
            "notifications", []
        )
        return found

    async def documents(self, request: str) -> list[dict[str, Any]]:
        """Every document of a request."""
        found: list[dict[str, Any]] = (await self._get("documents", f"/v1/requests/{request}/documents")).get("documents", [])
        return found

    async def download(self, address: str) -> bytes:
        """The bytes of one document."""
        answer = await self._client.get(f"{self._stack.url('documents')}{address}", headers=self._service)
        answer.raise_for_status()
        return answer.content

    async def _get(self, service: str, path: str, parameters: dict[str, str] | None = None) -> dict[str, Any]:
        answer = await self._client.get(f"{self._stack.url(service)}{path}", params=parameters, headers=self._service)
        found: dict[str, Any] = answer.json()
        return found

    async def _post(self, service: str, request: str, command: str, person: str, data: dict[str, Any] | None) -> int:
        answer = await self._client.post(
            f"{self._stack.url(service)}/v1/requests/{request}/{command}",
            json=data,
            headers={"Authorization": f"Bearer dev-person-{person}", "Idempotency-Key": f"{request}-{command}"},
        )
        return answer.status_code
