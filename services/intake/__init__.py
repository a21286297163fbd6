"""Intake: takes requests from the business units, judges them, keeps what is personal, and answers for them."""
