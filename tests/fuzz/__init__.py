"""schemathesis over the OpenAPI documents of all services: no server error, and every answer is what its document says."""
