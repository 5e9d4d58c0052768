"""The smallest value that a JSON schema admits: what the scripted engine answers a structured request with.

Covers what decoding grammars cover (objects, arrays, strings, numbers, enums, references, combinations). A
schema that needs more, such as a `pattern`, raises ValueError instead of giving a value that doesn't validate.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

Schema = Mapping[str, Any]

_UNSUPPORTED = ("pattern", "format", "not", "if", "contains", "dependentRequired", "propertyNames")
_TYPE_HINTS = {
    "object": ("properties", "required"),
    "array": ("items", "prefixItems", "minItems"),
    "string": ("minLength",),
}
_DEPTHS = range(4, 25, 4)  # flat values are tried first, so that a schema that refers to itself ends early


def minimal_instance(schema: Schema) -> Any:
    """Return a smallest value that `schema` admits. Raises ValueError where none is found."""
    return _first(_DEPTHS, lambda depth: _instance(schema, schema, depth))


def _instance(schema: Schema | bool, root: Schema, depth: int) -> Any:
    if schema is False or depth < 0:
        raise ValueError("the schema admits nothing that is finite")
    if schema is True:
        return None
    schema = _flattened(schema, root, depth)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _first(schema["enum"], lambda value: value)
    if unsupported := [key for key in _UNSUPPORTED if key in schema]:
        raise ValueError(f"the schema uses {unsupported[0]!r}, which is not covered")
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            rest = {key: value for key, value in schema.items() if key != keyword}
            return _first(
                [_merged(rest, part) for part in schema[keyword]], partial(_instance, root=root, depth=depth - 1)
            )
    return _first(_types(schema), lambda kind: _maker(kind)(schema, root, depth - 1))


def _maker(kind: str) -> "_Maker":
    if kind not in _MAKERS:
        raise ValueError(f"there is no type {kind!r}")
    return _MAKERS[kind]


def _first(options: Iterable[Any], make: Callable[[Any], Any]) -> Any:
    """The first option that can be made; the last one's error where none can."""
    failure = ValueError("the schema offers nothing to choose from")
    for option in options:
        try:
            return make(option)
        except ValueError as error:
            failure = error
    raise failure


def _flattened(schema: Schema, root: Schema, depth: int) -> Schema:
    """`schema` with its reference and its `allOf` parts merged in."""
    while "$ref" in schema or "allOf" in schema:
        depth -= 1
        if depth < 0:
            raise ValueError("the schema refers to itself without end")
        parts = list(schema.get("allOf", ()))
        if "$ref" in schema:
            parts.append(_resolve(str(schema["$ref"]), root))
        schema = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        for part in parts:
            schema = _merged(schema, part)
    return schema


def _merged(left: Schema, right: Schema | bool) -> Schema:
    if isinstance(right, bool):
        return left if right else {**left, "enum": []}
    properties = {**left.get("properties", {}), **right.get("properties", {})}
    required = [*left.get("required", ()), *right.get("required", ())]
    merged = {**left, **right}
    return merged | ({"properties": properties} if properties else {}) | ({"required": required} if required else {})


def _resolve(reference: str, root: Schema) -> Any:
    if not reference.startswith("#"):
        raise ValueError(f"the reference {reference!r} leads out of the schema")
    place: Any = root
    for step in reference.lstrip("#").strip("/").split("/") if reference.strip("#/") else ():
        try:
            place = place[step.replace("~1", "/").replace("~0", "~")]
        except (KeyError, TypeError) as error:
            raise ValueError(f"the reference {reference!r} leads nowhere") from error
    return place


def _types(schema: Schema) -> list[str]:
    wanted = schema.get("type")
    if isinstance(wanted, str):
        return [wanted]
    if isinstance(wanted, list):
        return wanted
    return [kind for kind, keys in _TYPE_HINTS.items() if any(key in schema for key in keys)] or ["null"]


def _object(schema: Schema, root: Schema, depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    names = list(dict.fromkeys(schema.get("required", ())))
    names += [name for name in properties if name not in names][: max(0, schema.get("minProperties", 0) - len(names))]
    rest = schema.get("additionalProperties", True)
    value = {name: _instance(properties.get(name, rest), root, depth) for name in names}
    if len(value) < schema.get("minProperties", 0):
        raise ValueError("the schema asks for more properties than it names")
    return value


def _array(schema: Schema, root: Schema, depth: int) -> list[Any]:
    if schema.get("uniqueItems") and schema.get("minItems", 0) > 1:
        raise ValueError("several unique items are not covered")
    first = list(schema.get("prefixItems", ()))
    items = [*first, *[schema.get("items", True)] * (schema.get("minItems", 0) - len(first))]
    return [_instance(item, root, depth) for item in items[: schema.get("minItems", 0)]]


def _string(schema: Schema, root: Schema, depth: int) -> str:
    return "x" * int(schema.get("minLength", 0))


def _integer(schema: Schema, root: Schema, depth: int) -> int:
    step = max(1, int(schema.get("multipleOf", 1)))
    low, high = _bounds(schema, 1)
    value = 0 if low is None or low <= 0 else -(-int(-(-low // 1)) // step) * step
    if high is not None and value > high:
        value = int(high // 1) // step * step
    if low is not None and value < low:
        raise ValueError("no integer fits the schema's bounds")
    return value


def _number(schema: Schema, root: Schema, depth: int) -> float:
    if "multipleOf" in schema:
        return _integer(schema, root, depth)
    low, high = _bounds(schema, None)
    if (low is None or low <= 0) and (high is None or high >= 0):
        return 0
    if low is not None and high is not None:
        return (low + high) / 2
    return low + 1 if low is not None else (high or 0) - 1


def _bounds(schema: Schema, step: int | None) -> tuple[float | None, float | None]:
    """The inclusive bounds; an exclusive one is moved in by `step`, or by a little where numbers are dense."""
    inward = step if step is not None else 1e-6
    low = schema.get("minimum")
    high = schema.get("maximum")
    if "exclusiveMinimum" in schema:
        low = max(schema["exclusiveMinimum"] + inward, low if low is not None else float("-inf"))
    if "exclusiveMaximum" in schema:
        high = min(schema["exclusiveMaximum"] - inward, high if high is not None else float("inf"))
    return low, high


_Maker = Callable[[Schema, Schema, int], Any]
_MAKERS: Mapping[str, _Maker] = {
    "null": lambda schema, root, depth: None,
    "boolean": lambda schema, root, depth: False,
    "integer": _integer,
    "number": _number,
    "string": _string,
    "array": _array,
    "object": _object,
}
