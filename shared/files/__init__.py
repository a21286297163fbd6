"""What a file from outside is, by its content, and whether it may come in (docs/decisions/0023). Knows no service and no database."""
