"""How fast Backline is, beside a bare loop on the same broker and database: `python -m tests.bench` (docs/decisions/0014)."""
