"""What in a message is our own word, and so is not searched for markup."""


class Ours(str):
    """A link or a fixed word made here, safe to be put into any kind of message as it is."""

    __slots__ = ()
