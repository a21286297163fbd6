"""The whole metric vocabulary: name, kind, labels and meaning of everything a Backline process tells Prometheus.

Invariant: labels take their values from enumerations (LABELS says which), never from requests, people or addresses, so
the number of time series is bounded. Names are backline_<subject>_<unit>; counters end in _total, times are seconds.
A constant is used as `EVENTS_APPLIED.labels(service, source).inc()`, its labels in the order given here.
"""

from prometheus_client import Counter, Gauge, Histogram

LABELS = {
    "service": "intake, routing, notify, documents",
    "source": "the service an event came from",
    "topic": "a name of shared.schemas.topics.TOPICS",
    "name": "a command's name, from the service's domain",
    "kind": "an item's or document's kind, from the service's effects",
    "end": "done, failed, unknown",
    "reason": "a code from the line of code that counts it",
    "step": "coordinator, supporter",
    "clock": "assignment, response, delivery, confirmation",
    "outcome": "accepted, returned, rejected, duplicate, refused, sent, failed, unknown, assigned, waiting, warned, breached and the like",
    "channel": "http, batch, topic; email, chat, webhook, callback",
    "method": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, other",
    "route": "a path template of the service, or unmatched",
    "status": "an HTTP status code",
    "business_unit": "a business unit's code in the directory, or other",
    "version": "the version of this release",
    "crc32c": "compiled, python",
}

MOMENTS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
RECORDS = (1, 3, 10, 30, 100, 300, 1000)

# What is heard and said
EVENTS_APPLIED = Counter(
    "backline_events_applied_total", "Events heard and applied, held or dropped as known", ["service", "source"]
)
COMMANDS = Counter(
    "backline_commands_total", "Commands applied, by their name and what became of them", ["service", "name", "outcome"]
)
EVENTS_PUBLISHED = Counter("backline_events_published_total", "Events the broker acknowledged", ["service"])
PUBLISH_FAILURES = Counter("backline_publish_failures_total", "Events the broker did not acknowledge in time", ["service"])
COMMIT_FAILURES = Counter("backline_commit_failures_total", "Offset commits that failed; the records are read again", ["service"])
CONSUMER_LAG = Gauge(
    "backline_consumer_lag_records", "Records between this process's position and the topic's end", ["service", "topic"]
)

# What waits
OLDEST_UNPROCESSED = Gauge(
    "backline_oldest_unprocessed_seconds", "Age of the oldest event heard and not yet applied", ["service"]
)
EARLY_EVENTS = Gauge("backline_early_events", "Events held because they arrived before their turn", ["service"])
GAPS_ASKED = Counter("backline_gaps_asked_total", "Times a source was asked to say again what is missing", ["service", "source"])
RECONCILED = Counter(
    "backline_reconciled_total", "Requests and people whose last events had not arrived and were asked for", ["service", "source"]
)
RECONCILE_FAILURES = Counter(
    "backline_reconcile_failures_total", "Times what is missing of one request or person could not be had", ["service", "source"]
)
WAITING_REQUESTS = Gauge("backline_requests_waiting", "Requests that nobody fits yet")

# What went wrong and was kept
PARKED = Gauge("backline_parked_requests", "Requests set aside now because of a message that cannot be applied", ["service"])
PARKINGS = Counter("backline_parked_total", "Times a request was set aside, by reason", ["service", "reason"])
DEAD_LETTERS = Counter("backline_dead_letters_total", "Records that name no request, kept byte for byte", ["service", "reason"])
FORKS = Counter("backline_forks_total", "Numbers said twice with different content, or broken chains", ["service"])
STALE_WRITES = Counter("backline_stale_writes_total", "Writes refused because another writer was first; done again", ["service"])

# The ledger and its items
LEDGER_BATCH_RECORDS = Histogram("backline_ledger_batch_records", "Messages in one batch", ["service"], buckets=RECORDS)
LEDGER_APPLY_SECONDS = Histogram("backline_ledger_apply_seconds", "One batch from load to mark", ["service"], buckets=MOMENTS)
ITEMS = Counter("backline_items_total", "Items that ended for good", ["service", "kind", "end"])
ITEM_SECONDS = Histogram("backline_item_seconds", "One attempt at an item", ["service", "kind"], buckets=SECONDS)
ITEMS_LEASED = Gauge("backline_items_leased", "Items this process is performing now", ["service"])

# What the business sees
VERDICTS = Counter("backline_verdicts_total", "Verdicts said, by outcome and the channel asked on", ["outcome", "channel"])
DESK_OPEN = Gauge("backline_desk_open_records", "Refused messages that a unit has yet to correct", ["business_unit"])
DESK_NOT_KEPT = Counter("backline_desk_not_kept_total", "Refused messages not kept because their unit's desk is full")
MAILBOX_MAILS = Counter(
    "backline_mailbox_mails_total",
    "Mails of the mailbox that is polled, by what became of them: taken, refused, later",
    ["outcome"],
)
MAILBOX_SILENT = Gauge("backline_mailbox_silent_seconds", "How long the mailbox that is polled could not be read")
ASSIGNMENTS = Counter("backline_assignment_total", "Assignment decisions, by step and outcome", ["step", "outcome"])
SERVICE_LEVELS = Counter(
    "backline_service_levels_total", "Clocks of requests whose time runs out or is over", ["clock", "outcome"]
)
SEATS_REFUSED = Counter("backline_seats_refused_total", "Seats refused because the person was full; decided again")
DELIVERIES = Counter("backline_deliveries_total", "Deliveries that ended, by channel and outcome", ["channel", "outcome"])
RENDER_SECONDS = Histogram("backline_render_seconds", "One document rendered in a child process", ["kind"], buckets=SECONDS)

# The process
HTTP_REQUESTS = Counter("backline_http_requests_total", "HTTP requests answered", ["service", "method", "route", "status"])
HTTP_SECONDS = Histogram(
    "backline_http_request_seconds", "Time to the last byte of an answer", ["service", "route"], buckets=MOMENTS
)
BUILD = Gauge(
    "backline_build_info", "Always 1; its labels say what runs and how checksums are computed", ["service", "version", "crc32c"]
)
