"""A service as the benchmark runs it: `python -m tests.bench.process SERVICE [--profile FILE] [--paused]`.

The service is the real one, its settings come from the environment. Only two things differ: documents leases no
rendering when `--paused` (they are planned and stay due), and with `--profile` the CPU time from SIGUSR1 on is sampled.
"""

import argparse
import importlib
import signal
from pathlib import Path

from tests.bench.sampling import Sampler


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("service")
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--paused", action="store_true")
    given = parser.parse_args()
    service = importlib.import_module(f"services.{given.service}.app")
    if given.paused and given.service == "documents":
        service.RENDERINGS_AT_ONCE = 0  # type: ignore[attr-defined]  # leases nothing: renderings are measured apart
    sampler = Sampler()
    if given.profile:
        signal.signal(signal.SIGUSR1, lambda *_: sampler.start())
        signal.signal(signal.SIGTERM, lambda *_: None)  # the server raises the signal again once it has stopped
    service.main()
    if given.profile:
        sampler.write(given.profile)


if __name__ == "__main__":
    main()
