"""A call that is described once as a method of both clients: it answers on the blocking one, and is awaited on the async one."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar, overload

from shared.client.call import Call, Stream, Told
from shared.client.transports import Awaiting, Blocking

P = ParamSpec("P")
A = TypeVar("A")


class Asked(Generic[P, A]):
    """The method of one call. On the class it is the description itself."""

    def __init__(self, described: Callable[P, Call[A]]) -> None:
        self._described = described

    @overload
    def __get__(self, client: None, owner: type) -> Callable[P, Call[A]]: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, A]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, A]]: ...
    def __get__(self, client: Blocking | Awaiting | None, owner: type) -> Any:
        return self._described if client is None else _bound(self._described, client.ask)


class Walked(Generic[P, A]):
    """The method of an errand that ends in an answer."""

    def __init__(self, described: Callable[P, Told[A]]) -> None:
        self._described = described

    @overload
    def __get__(self, client: None, owner: type) -> Callable[P, Told[A]]: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, A]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, Coroutine[Any, Any, A]]: ...
    def __get__(self, client: Blocking | Awaiting | None, owner: type) -> Any:
        return self._described if client is None else _bound(self._described, client.told)


class Followed(Generic[P, A]):
    """The method of an errand that tells one thing after the other."""

    def __init__(self, described: Callable[P, Stream[A]]) -> None:
        self._described = described

    @overload
    def __get__(self, client: None, owner: type) -> Callable[P, Stream[A]]: ...
    @overload
    def __get__(self, client: Blocking, owner: type) -> Callable[P, Iterator[A]]: ...
    @overload
    def __get__(self, client: Awaiting, owner: type) -> Callable[P, AsyncIterator[A]]: ...
    def __get__(self, client: Blocking | Awaiting | None, owner: type) -> Any:
        return self._described if client is None else _bound(self._described, client.followed)


def _bound(described: Callable[..., Any], done: Callable[[Any], Any]) -> Callable[..., Any]:
    @wraps(described)
    def method(*given: Any, **named: Any) -> Any:
        return done(described(*given, **named))

    return method
