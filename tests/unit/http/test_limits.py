"""JSON as every channel takes it: what is refused says why in both languages, and costs no more than its length."""

import json
import time

import pytest

from shared.http.limits import MAX_DEPTH, SUBMISSION_BYTES, BadJson, depth, parse_json


def code_of(raw: bytes) -> str:
    with pytest.raises(BadJson) as refused:
        parse_json(raw)
    assert refused.value.text.zh
    assert refused.value.text.en
    return refused.value.code


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize("value", [{}, [], {"a": [1, 2.5, None, True, '王磊 " \\ {[', {"b": {}}]}, "text", 0, -1.5e-9])
def test_json_is_read_as_it_is(value: object):
    assert parse_json(json.dumps(value).encode()) == value


def test_a_byte_order_mark_is_allowed():
    assert parse_json(b"\xef\xbb\xbf{}") == {}


def test_the_deepest_allowed_nesting_is_read():
    assert parse_json(nested(MAX_DEPTH))


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 200, 100_000])
def test_deeper_nesting_is_refused_before_parsing(levels: int):
    assert code_of(nested(levels)) == "too_deep"


def test_deep_objects_count_as_deep_lists_do():
    assert code_of(b'{"a":' * 100 + b"1" + b"}" * 100) == "too_deep"


def test_brackets_inside_texts_are_no_nesting():
    text = '[{"' * 1000 + '\\"[['
    assert parse_json(json.dumps({"text": text}).encode()) == {"text": text}


def test_many_shallow_lists_are_no_nesting():
    assert len(parse_json(b"[" + b",".join([b"[]"] * 1000) + b"]")) == 1000


@pytest.mark.parametrize(
    ("raw", "levels"), [(b"1", 0), (b"[]", 1), (b'[{"a":"]"}]', 2), (b'["\\"[", []]', 2), (b'["\\\\", [[]]]', 3)]
)
def test_depth_is_what_a_reader_would_count(raw: bytes, levels: int):
    assert depth(raw) == levels


@pytest.mark.parametrize(
    "hostile", [b'"' + b'\\"' * 120_000, b'"' + b'\\"' * 120_000 + b"\\", b'["' * 80_000, b"[" * 200_000, b'{"a":"' * 40_000]
)
def test_hostile_bodies_cost_time_in_proportion_to_their_length(hostile: bytes):
    started = time.perf_counter()
    code_of(hostile)
    depth(hostile)
    assert time.perf_counter() - started < 2


def test_a_key_said_twice_is_refused_by_name():
    with pytest.raises(BadJson) as refused:
        parse_json('{"a": {"单位": 1, "b": 2, "单位": 1}}'.encode())
    assert refused.value.code == "duplicate_key"
    assert "单位" in refused.value.text.zh


def test_many_keys_said_twice_are_refused_quickly_and_briefly():
    raw = b"{" + b",".join(b'"%d":1,"%d":2' % (n, n) for n in range(10_000)) + b"}"
    with pytest.raises(BadJson) as refused:
        parse_json(raw)
    assert len(refused.value.text.en) < 200


@pytest.mark.parametrize("raw", [b'{"a": "\xff"}', '{"a": "王"}'.encode("gb18030"), '{"a": 1}'.encode("utf-16")])
def test_other_encodings_than_utf8_are_refused(raw: bytes):
    assert code_of(raw) in {"not_utf8", "not_json"}


@pytest.mark.parametrize(
    "number",
    [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"9" * 5000, b"9223372036854775808", b"-9223372036854775809"],
)
def test_what_is_no_number_is_refused(number: bytes):
    assert code_of(b'{"a": ' + number + b"}") == "not_a_number"


def test_the_largest_integers_that_can_be_kept_are_read():
    assert parse_json(b"[9223372036854775807, -9223372036854775808]") == [2**63 - 1, -(2**63)]


def test_a_number_that_is_too_large_is_named():
    with pytest.raises(BadJson, match="9223372036854775808"):
        parse_json(b'{"details": {"amount": 9223372036854775808}}')


def test_half_a_surrogate_pair_is_refused():
    assert code_of(b'{"a": ["\\ud83d"]}') == "not_a_text"
    assert code_of(b'{"\\udc00": 1}') == "not_a_text"


def test_a_whole_surrogate_pair_is_a_character():
    assert parse_json(b'"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize("raw", [b"", b"{", b"{'a': 1}", b'{"a": 1,}', b"{} {}", b"[1 2]", b'"', b"nul"])
def test_broken_json_is_refused_with_its_place(raw: bytes):
    with pytest.raises(BadJson, match=r"line:column 1:\d+") as refused:
        parse_json(raw)
    assert refused.value.code == "not_json"


def test_a_submission_over_the_limit_is_refused():
    assert code_of(b'"' + b"a" * SUBMISSION_BYTES + b'"') == "too_large"


def test_a_caller_may_allow_more():
    assert len(parse_json(b'"' + b"a" * SUBMISSION_BYTES + b'"', limit=2 * SUBMISSION_BYTES)) == SUBMISSION_BYTES


def test_no_refusal_repeats_the_body():
    for raw in (b'{"a": "secret" x}', b'["secret", NaN]', b'{"a": "secret", "b": "\\ud800"}'):
        with pytest.raises(BadJson) as refused:
            parse_json(raw)
        assert "secret" not in refused.value.text.en + refused.value.text.zh + str(refused.value)
