"""`python -m infra.contract export|check`: exits with 1 and a sentence per reason when the contract is broken or stale."""

import sys

from infra.contract.released import RELEASED, BrokenContractError, check, export


def main(arguments: list[str]) -> int:
    """The exit code."""
    match arguments:
        case ["export"]:
            try:
                print(f"{export(RELEASED)} files in {RELEASED.name}")
            except BrokenContractError as error:
                print(error, file=sys.stderr)
                return 1
            return 0
        case ["check"]:
            problems = check(RELEASED)
            print("\n".join(problems) or "The contract stands.", file=sys.stderr if problems else sys.stdout)
            return 1 if problems else 0
        case _:
            print("Say: python -m infra.contract export, or check.", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
