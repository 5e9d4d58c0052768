"""Smallest values of schemas: what comes out validates, whatever the schema."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termcoder.engine.instances import minimal_instance

_numbers = st.integers(-50, 50)


def _between(kind: str, low: int, size: int) -> dict[str, Any]:
    return {"type": kind, "minimum": low, "maximum": low + size}


_leaves = st.one_of(
    st.just({}),
    st.just({"type": "null"}),
    st.just({"type": "boolean"}),
    st.builds(lambda length: {"type": "string", "minLength": length}, st.integers(0, 5)),
    st.builds(
        lambda low, size: {"type": "integer", "minimum": low, "maximum": low + size}, _numbers, st.integers(0, 9)
    ),
    st.builds(lambda low: {"type": "integer", "exclusiveMinimum": low, "multipleOf": 7}, _numbers),
    st.builds(lambda high: {"type": "number", "exclusiveMaximum": high}, _numbers),
    st.builds(lambda values: {"enum": values}, st.lists(st.integers() | st.text(max_size=3), min_size=1, max_size=3)),
    st.builds(lambda value: {"const": value}, st.none() | st.integers() | st.lists(st.booleans(), max_size=2)),
    st.builds(
        lambda types: {"type": types}, st.lists(st.sampled_from(["string", "null", "array"]), min_size=1, unique=True)
    ),
)


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.text(min_size=1, max_size=3), inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda each: {"type": "object", "properties": each, "required": sorted(each)}, named),
        st.builds(lambda each: {"type": "object", "properties": each, "minProperties": 1}, named),
        st.builds(lambda items, least: {"type": "array", "items": items, "minItems": least}, inner, st.integers(0, 3)),
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"$defs": {"part": part}, "allOf": [part]}, inner),
    )


@settings(deadline=None)
@given(st.recursive(_leaves, _larger, max_leaves=8))
def test_what_comes_out_validates(schema: dict[str, Any]) -> None:
    jsonschema.validate(minimal_instance(schema), schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "a+"},
        {"type": "no such type"},
        {"enum": []},
        {"anyOf": []},
        {"$ref": "#/$defs/none"},
        {"$ref": "http://elsewhere/schema"},
        {"$ref": "#"},
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"type": "object", "minProperties": 2, "properties": {"a": {}}},
        {"type": "integer", "minimum": 5, "maximum": 3},
        {"type": "array", "items": False, "minItems": 1},
    ],
)
def test_what_it_can_not_make_it_says(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        minimal_instance(schema)


def test_a_schema_of_itself_ends() -> None:
    tree = {"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
    assert minimal_instance(tree) == {}
    optional = {
        "anyOf": [{"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}, {"const": 1}]
    }
    jsonschema.validate(minimal_instance(optional), optional)
