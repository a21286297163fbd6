"""Links by which a person acts from a mail: what notify writes into them and routing reads (docs/decisions/0035)."""
