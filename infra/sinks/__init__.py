"""Stand-ins for the outside world on the local stack: a mail server and a chat vendor that refuse as the real ones do."""
