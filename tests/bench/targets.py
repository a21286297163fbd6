"""What the benchmark must reach, on the embedded broker and on Apache Kafka alike; medians of at least three alternations."""

RATIO = 0.6
"""Of the bare loop's requests per second, end to end."""
BEST_TICKET_SYSTEM_PER_SECOND = 71.0
"""The fastest of four measured on two cores (Roundup), for far less work: one assignee and two mails a request."""
PER_SECOND = 4 * BEST_TICKET_SYSTEM_PER_SECOND
CPU_SECONDS = 0.008
"""A request, over services, broker and database."""
P99_MS = 300.0
"""Of the answer to a request, at a tenth of the greatest rate."""
IDLE_MB = 120.0
"""Of each service, rendering children apart, with at most 500 people."""
DOCUMENTS_RATIO = 0.8
"""Of bare typst, per core."""
MAILS_RATIO = 0.7
"""Of bare aiosmtplib."""
OUTAGE_P99_MS = 50.0
"""Of the answer to a request while the broker is down, at a tenth of the greatest rate."""
OUTAGE_DRAIN_RATIO = 3.0
"""How many times faster than it came what piled up in an outage is published."""
REQUESTS_RATIO = 0.9
"""Of the rate at ten thousand requests in the projections, at a million."""
PEOPLE_RATIO = 0.8
"""Of routing's rate with 50 people, with 5,000."""
HEADROOM = 3.0
"""How many times the measured rate the load generator and the mail sink must reach by themselves."""
