"""A unit's rejection desk: what came to nothing, why, and how it is corrected and sent again (docs/decisions/0022)."""
