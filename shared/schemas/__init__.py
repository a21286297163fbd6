"""THE CONTRACT: envelope, topics, events by owning service, requests and people. pydantic only, no I/O."""
