"""What well-known errors mean, in a sentence: small models often have it wrong."""

from termcoder.tracebacks import LoggedError

_BY_TYPE = {
    "KeyError": "the dictionary has no such key",
    "IndexError": "the sequence is shorter than the index",
    "AttributeError": "the object has no such attribute; with NoneType, the object is None",
    "ZeroDivisionError": "the divisor is zero",
    "NameError": "the name is not defined at this point",
    "UnboundLocalError": "the local variable is read before it has a value",
    "ModuleNotFoundError": "the module is not installed, or its name is wrong",
    "ImportError": "the module is there, but not the name that is imported from it",
    "FileNotFoundError": "the path does not exist, seen from the working folder",
    "RecursionError": "the function calls itself without end",
    "StopIteration": "the iterator is exhausted",
    "JSONDecodeError": "the text is not JSON, often because it is empty or an error page",
    "UnicodeDecodeError": "the bytes are not in the encoding they are read with",
    "NullPointerException": "a reference is null",
    "NullReferenceException": "a reference is null",
    "ClassCastException": "the object is of another class",
    "ConcurrentModificationException": "the collection is changed while it is iterated",
    "ArrayIndexOutOfBoundsException": "the index is outside of the array",
    "NoSuchElementException": "there is no element left, or the value is absent",
    "NoMethodError": "the object has no such method; with nil, the object is nil",
    "ReferenceError": "the name is not defined at this point",
    "heap-use-after-free": "memory is used after it was freed",
    "heap-buffer-overflow": "memory beyond the end of a block is used",
    "stack-buffer-overflow": "memory beyond the end of a local array is used",
}
_BY_MESSAGE = (
    ("Cannot read propert", "the object before the dot is undefined or null"),
    ("is not a function", "the value that is called is not a function, often undefined"),
    ("nil pointer dereference", "a pointer is nil"),
    ("index out of range", "the index is outside of the sequence"),
    ("unhashable type", "a list, set or dictionary is used as a key"),
    ("object is not subscriptable", "the value before the brackets is not what was expected, often None"),
    ("object is not callable", "the value that is called is no function"),
    ("object is not iterable", "the value that is iterated is no sequence, often None"),
    ("missing 1 required positional argument", "the call gives too few arguments"),
    ("Borrow", "the value is borrowed already"),
    ("called `Option::unwrap()` on a `None` value", "the value is absent"),
    ("called `Result::unwrap()` on an `Err` value", "the operation failed, and its error was not handled"),
)


def meaning_of(error: LoggedError) -> str:
    """What the error means; "" where that isn't known."""
    by_message = next((meaning for sign, meaning in _BY_MESSAGE if sign in error.message), "")
    return by_message or _BY_TYPE.get(error.type.replace("::", ".").rpartition(".")[2], "")
