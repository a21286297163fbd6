"""YAML without surprises: plain values only, and a key said twice in one mapping is an error, not a silent last word."""

from typing import Any

import yaml

IMPOSSIBLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)
"""What the library raises besides its own errors: for the 30th of February, numbers that are none, thousands of levels."""
MERGE = "tag:yaml.org,2002:merge"


class _Strict(yaml.SafeLoader):
    """Checked while composing: at that time merged mappings (<<) are not yet mixed in, and may be overridden."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == MERGE:
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} is said twice; keep one", problem_mark=key.start_mark)
            seen.add(key.value)
        return node


def parse_yaml(text: str) -> Any:
    """The value in `text`. Raises yaml.YAMLError, which names line and column where it can."""
    loader = _Strict(text)
    try:
        return loader.get_single_data()
    except IMPOSSIBLE as error:
        raise yaml.YAMLError(f"a value that cannot be ({type(error).__name__}), or too many levels") from error
    finally:
        loader.dispose()
