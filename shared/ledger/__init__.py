"""The ledger: one document per subject and service, changed only by `apply`, in batches; it knows no service."""
