"""`python -m tests.faults.process <service>`: the service as it is, in a process that can be told to die or to do without."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.faults import orders, owners, points, sabotage

HELD_SECONDS = 0.05


class Obedience:
    """Follows the orders that lie for this process."""

    def __init__(self, folder: Path, port: str) -> None:
        self._folder, self._port = folder, port
        self._orders = orders.read(folder, port)
        self._reached = 0

    def listen(self, *_: Any) -> None:
        """Take new orders; a count begins anew."""
        self._orders, self._reached = orders.read(self._folder, self._port), 0

    def reach(self, point: str) -> None:
        """End here, if that is ordered: as kill -9 would have it, with nothing flushed, closed or said; or freeze, once."""
        if point != self._orders.point:
            return
        self._reached += 1
        if self._reached < self._orders.nth:
            return
        orders.note_arrival(self._folder, self._port, point)
        if self._orders.frozen:
            self._orders = replace(self._orders, point=None)
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def noted(self) -> bool:
        """Whether batches are noted."""
        return self._orders.noted

    def tell(self, what: str, places: Sequence[owners.Place] = ()) -> None:
        """Note what becomes of a batch."""
        owners.note(self._folder, self._port, what, places)

    async def admitted(self) -> None:
        """Wait for as long as this process is held."""
        while self._orders.held:
            await asyncio.sleep(HELD_SECONDS)

    async def dawdle(self) -> None:
        """Be slow with one batch, if that is ordered."""
        seconds, self._orders = self._orders.slow, replace(self._orders, slow=0.0)
        await asyncio.sleep(seconds)

    def set_membership(self) -> None:
        """How long a rebalance waits is read from the environment; before anything of the service is there."""
        if (seconds := self._orders.values.get("rebalance")) is not None:
            os.environ["BACKLINE_REBALANCE_TIMEOUT_MS"] = f"{1000 * seconds:.0f}"

    def do_without(self) -> None:
        """Switch off what is to be switched off; before the service is built."""
        for protection in self._orders.without:
            sabotage.PROTECTIONS[protection]()


def main(service: str) -> None:
    """Run the service until it ends."""
    obedience = Obedience(Path(os.environ[orders.FOLDER]), os.environ["BACKLINE_PORT"])
    obedience.set_membership()
    application = import_module(f"services.{service}.app")
    obedience.do_without()
    points.install(obedience.reach)
    points.watch(obedience)
    signal.signal(signal.SIGUSR1, obedience.listen)
    application.main()


if __name__ == "__main__":
    main(sys.argv[1])
