"""What things are called: types, roles and fields, in the words of the policy pack a request is pinned to."""

from collections.abc import Mapping
from typing import Protocol

from shared.catalogue import Field, Pack
from shared.catalogue.frame import SHAPED


class UnknownPolicyError(Exception):
    """This process does not have the pack a request is pinned to, and must not substitute another."""


class Labels(Protocol):
    """The words of one pack in both languages; a key it does not know is shown as it is."""

    def type_name(self, key: str, locale: str) -> str: ...

    def output_name(self, key: str, locale: str) -> str:
        """The name of the document that a type leads to."""
        ...

    def reviewed(self, key: str) -> bool:
        """Whether a type is decided by opinions rather than done."""
        ...

    def role_name(self, key: str, locale: str) -> str: ...

    def field_name(self, type_key: str, path: str, locale: str) -> str:
        """The name of a field by its dotted path, for example `details.where` or `priority`."""
        ...

    def value_name(self, type_key: str, path: str, value: str, locale: str) -> str:
        """The name of a choice; any other value as it is."""
        ...


class LabelsOf(Protocol):
    """Finds the words for a pinned pack."""

    def __call__(self, name: str, version: str) -> Labels:
        """Raises UnknownPolicyError."""
        ...


class PackLabels:
    """The Labels of one loaded pack."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack

    def type_name(self, key: str, locale: str) -> str:
        """See Labels."""
        kind = self._pack.types.get(key)
        return kind.name(locale) if kind else key

    def output_name(self, key: str, locale: str) -> str:
        """See Labels."""
        kind = self._pack.types.get(key)
        return kind.output.name(locale) if kind else key

    def reviewed(self, key: str) -> bool:
        """See Labels."""
        kind = self._pack.types.get(key)
        return kind is not None and kind.review

    def role_name(self, key: str, locale: str) -> str:
        """See Labels."""
        return self._pack.role_name(key, locale)

    def field_name(self, type_key: str, path: str, locale: str) -> str:
        """See Labels."""
        return " · ".join(field.name(locale) for field in self._fields(type_key, path)) or path

    def value_name(self, type_key: str, path: str, value: str, locale: str) -> str:
        """See Labels."""
        fields = self._fields(type_key, path)
        return fields[-1].choice(value, locale) if fields else value

    def _fields(self, type_key: str, path: str) -> list[Field]:
        """The fields along `path`, as far as frame and type know them; none for what neither names."""
        if path in SHAPED:
            return [SHAPED[path]]
        head, *parts = path.split(".")
        kind = self._pack.types.get(type_key) if head == "details" else None
        among = kind.fields if kind else {}
        found: list[Field] = []
        for part in parts:
            if part in among:
                found.append(among[part])
                among = among[part].fields
        return found


def labels_of(packs: Mapping[tuple[str, str], Pack]) -> LabelsOf:
    """The words of every loaded pack."""

    def find(name: str, version: str) -> Labels:
        pack = packs.get((name, version))
        if pack is None:
            raise UnknownPolicyError(f"Policy pack {name} {version} is not loaded here; install it and the message is sent.")
        return PackLabels(pack)

    return find


class BareLabels:
    """The Labels of a message that is about no request: keys as they are."""

    def type_name(self, key: str, _locale: str) -> str:
        """See Labels."""
        return key

    output_name = role_name = type_name

    def reviewed(self, _key: str) -> bool:
        """See Labels."""
        return False

    def field_name(self, _type_key: str, path: str, _locale: str) -> str:
        """See Labels."""
        return path

    def value_name(self, _type_key: str, _path: str, value: str, _locale: str) -> str:
        """See Labels."""
        return value


NO_LABELS: Labels = BareLabels()
