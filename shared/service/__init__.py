"""What makes a process out of a domain: settings, the wiring of ledger, broker and HTTP, the internal addresses."""
