"""The contract as files: exported from the models, stored in shared/schemas/released, and only ever added to.

Invariant: `export` never overwrites a released schema with one that would break a reader of it.
"""

from infra.contract.released import RELEASED, BrokenContractError, check, export
from infra.contract.schemas import contract

__all__ = ["RELEASED", "BrokenContractError", "check", "contract", "export"]
