"""Imports that are added where their author would have put them, and names that nothing defines."""

import ast

import pytest

from termcoder.refactoring.python_imports import with_imports
from termcoder.refactoring.python_names import import_for, unknown_names

FUTURE = "from __future__ import annotations"


@pytest.mark.parametrize(
    ("text", "new", "expected"),
    [
        ("import json\n\nx = 1\n", "import os", "import json\nimport os\n\nx = 1\n"),
        ("import os\nfrom typing import Any\n", "import json", "import json\nimport os\nfrom typing import Any\n"),
        ("import os\n", "from typing import Any", "import os\nfrom typing import Any\n"),
        ("from typing import Any\n", "from typing import Self", "from typing import Any, Self\n"),
        ("from typing import TEXT, cast\n", "from typing import Any", "from typing import TEXT, Any, cast\n"),
        ("from a import (\n    b,\n)\nimport re\n", "import os", "from a import (\n    b,\n)\nimport os\nimport re\n"),
        ("from re import (\n    sub,\n)\n", "from re import X", "from re import (\n    sub,\n)\nfrom re import X\n"),
        ("import numpy\n", "import os", "import os\n\nimport numpy\n"),
        (f"{FUTURE}\n\nx = 1\n", "import os", f"{FUTURE}\n\nimport os\n\nx = 1\n"),
        ('"""Doc."""\n\nx = 1\n', "import os", '"""Doc."""\n\nimport os\n\nx = 1\n'),
        ("#!/usr/bin/python\nx = 1\n", "import os", "#!/usr/bin/python\nimport os\n\n\nx = 1\n"),
        ("x = 1\n", "import os", "import os\n\n\nx = 1\n"),
        ("import os\r\nx = 1\r\n", "import re", "import os\r\nimport re\r\nx = 1\r\n"),
        ("import os\n", "import os", "import os\n"),
    ],
)  # fmt: skip
def test_an_import_finds_its_place(text: str, new: str, expected: str) -> None:
    made = with_imports(text, [new])
    assert made == expected
    ast.parse(made)
    assert with_imports(made, [new]) == made


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("print(x)\n", {"x"}),
        ("import x\nprint(x)\n", set()),
        ("def f(x):\n    return [y for y in x if z]\n", {"z"}),
        ("def f():\n    global x\n    x = 1\n\n\ndef g():\n    return x\n", set()),
        ("class A:\n    y = 1\n\n    def top(self):\n        return self, y\n", {"y"}),
        ("from a import *\nprint(x)\n", set()),
        ("try:\n    pass\nexcept ValueError as error:\n    print(error, __name__)\n", set()),
        ("def f(:\n", set()),
    ],
)
def test_names_that_nothing_defines_are_found(text: str, names: set[str]) -> None:
    assert unknown_names(text) == names


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Any", "x: Any", "from typing import Any"),
        ("Path", "Path()", "from pathlib import Path"),
        ("json", "json.loads('1')", "import json"),
        ("json", "print(json)", None),  # it may be a value
        ("time", "time.sleep(1)", None),  # more often a variable
        ("numpy", "numpy.array(1)", None),
    ],
)
def test_only_certain_imports_are_made(name: str, text: str, expected: str | None) -> None:
    assert import_for(name, text) == expected
