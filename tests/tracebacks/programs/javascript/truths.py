"""What is true of the logs that `make.py` writes: said by hand, only the frames are taken from the log's own lines."""

import re
from typing import Any

FRAME = re.compile(
    r"^\s*(?:at|❯) (?:async )?(?:(?P<function>.*?) \(?)?"
    r"(?P<place>[^\s()]+:\d+:\d+|\d+:\d+|<anonymous>|index \d+)\)?(?: \{)?$"
)
TAP_FRAME = re.compile(r"^\s{4,}(?:(?P<function>\S[^:']*?) \()?(?P<place>(?:/|node:)[^\s()]+:\d+:\d+|<anonymous>)\)?$")


def frame(text: str) -> dict[str, Any] | None:
    """One written frame, or None for another line."""
    match = FRAME.match(text) or TAP_FRAME.match(text)
    if match is None:
        return None
    file, line = None, None
    if ":" in match["place"] and not match["place"][0].isdigit():
        file, number, _ = match["place"].rsplit(":", 2)
        line = int(number)
    elif ":" in match["place"]:
        line = int(match["place"].split(":")[0])
    own = file is not None and not re.search(r"node_modules/|^node:|^internal/", file)
    return {"file": file, "line": line, "function": match["function"] or None, "own": own}


def stack(log: list[str], anchor: str, skip: int = 0) -> list[dict[str, Any]]:
    """The frames below the `skip`th line that contains `anchor`, outermost first."""
    start = [number for number, line in enumerate(log) if anchor in line][skip]
    frames: list[dict[str, Any]] = []
    for line in log[start + 1 :]:
        found = frame(line)
        if found is not None:
            frames.append(found)
            if line.endswith("{"):
                break
        elif (frames and "matching cause stack trace" not in line and not re.match(r"\s*(?:\d*\s*\||$)", line)) or (
            frames and not line.strip() and "❯" not in log[log.index(line) - 1]
        ):
            break
    return frames[::-1]


def error(type_: str, message: str, *frames: Any, handled: bool = False) -> dict[str, Any]:
    """One error. A text among `frames` is where its stack stands in the log; a tuple is a place."""
    return {"type": type_, "message": message, "handled": handled, "frames": list(frames)}


def truth(
    about: str, language: str, form: str, *errors: dict[str, Any], build: bool = False, root: int = 0
) -> dict[str, Any]:
    """All that is true of a log."""
    return {
        "about": about,
        "language": language,
        "format": form,
        "is_build_error": build,
        "errors": list(errors),
        "root": root,
    }


def resolved(told: dict[str, Any], log: list[str]) -> dict[str, Any]:
    """The truth with the frames of each error written out."""
    errors = []
    used: dict[str, int] = {}
    for each in told["errors"]:
        frames: list[dict[str, Any]] = []
        for item in each["frames"]:
            if isinstance(item, str):
                frames += stack(log, item, used.get(item, 0))
                used[item] = used.get(item, 0) + 1
            else:
                file, line, *function = item
                frames.append({"file": file, "line": line, "function": (function or [None])[0], "own": True})
        errors.append({**each, "frames": frames})
    return {**told, "errors": errors}


AMOUNT = "Cannot read properties of undefined (reading 'amount')"
EQUAL = "Expected values to be strictly equal:\n\n6 !== 7"
UNHANDLED = (
    "This error originated either by throwing inside of an async function without a catch block, or by rejecting a "
    'promise which was not handled with .catch(). The promise rejected with the reason "#<Object>".'
)
ENOENT = "ENOENT: no such file or directory, open 'catalogue.csv'"
SUM = error("TS2305", "Module '\"./parse\"' has no exported member 'sum'.", ("wrong.ts", 1))
LABEL = error("TS2322", "Type 'string' is not assignable to type 'number'.", ("wrong.ts", 5))
LINES = error(
    "TS2345",
    "Argument of type 'Shelf' is not assignable to parameter of type 'Line[]'.\n"
    "  Type 'Shelf' is missing the following properties from type 'Line[]': length, pop, push, concat, and 29 more.",
    ("wrong.ts", 6),
)
UNKNOWN = error("TS2304", "Cannot find name 'unknownName'.", ("wrong.ts", 7))
PUT = error(
    "TS2345",
    "Argument of type '(a: { name: number; }) => void' is not assignable to parameter of type "
    "'(shelf: Shelf) => void'.\n"
    "  Types of parameters 'a' and 'shelf' are incompatible.\n"
    "    Type 'Shelf' is not assignable to type '{ name: number; }'.\n"
    "      Types of property 'name' are incompatible.\n"
    "        Type 'string' is not assignable to type 'number'.",
    ("wrong.ts", 10),
)
WRONG = (SUM, LABEL, LINES, UNKNOWN, PUT)
PARSE_FAILED = (
    "File was parsed as module type 'javascript/auto'.\nYou may need an appropriate loader to handle this file type, "
    "currently no loaders are configured to process this file. See https://webpack.js.org/concepts#loaders"
)
UNCAUGHT = truth("Node: an uncaught error.", "javascript", "node", error("TypeError", AMOUNT, "TypeError:"))

JAVASCRIPT = {
    "uncaught": UNCAUGHT,
    "npm-start": {**UNCAUGHT, "about": "Node, run by npm."},
    "node14-uncaught": truth(
        "Node 14: an uncaught error.",
        "javascript",
        "node",
        error("TypeError", "Cannot read property 'amount' of undefined", "TypeError:"),
    ),
    "constructor": truth(
        "Node: thrown by a constructor.",
        "javascript",
        "node",
        error("RangeError", "a cart needs a list of lines", "RangeError:"),
    ),
    "enoent": truth(
        "Node: an error with properties.",
        "javascript",
        "node",
        error("Error", "ENOENT: no such file or directory, open 'missing/settings.json'", "Error:"),
    ),
    "cause": truth(
        "Node: causes in causes.",
        "javascript",
        "node",
        error("Error", ENOENT, "Error: ENOENT"),
        error("Error", "Cannot load the catalogue catalogue.csv", "Error: Cannot load"),
        error("TypeError", "The shop did not start", "TypeError:"),
    ),
    "aggregate": truth(
        "Node: an AggregateError with its errors.",
        "javascript",
        "node",
        error("OutOfStock", "No apples left", "No apples"),
        error("OutOfStock", "No pears left", "No pears"),
        error("AggregateError", "All promises were rejected"),
    ),
    "async": truth(
        "Node: async frames and a message of two lines.",
        "javascript",
        "node",
        error("Error", "Order 2 not found\n  asked by: the counter", "Error: Order"),
    ),
    "syntax": truth(
        "Node: a file that can't be parsed.",
        "javascript",
        "node",
        error("SyntaxError", "Unexpected token ';'", "SyntaxError:", ("/app/src/broken.js", 2)),
    ),
    "node22-syntax": truth(
        "Node 22: a file that can't be parsed.",
        "javascript",
        "node",
        error("SyntaxError", "Unexpected token ';'", "SyntaxError:", ("/app/src/broken.js", 2)),
    ),
    "syntax-esm": truth(
        "Node: a module without the name that is imported.",
        "javascript",
        "node",
        error(
            "SyntaxError",
            "The requested module './src/doors.mjs' does not provide an export named 'close'",
            "SyntaxError:",
            ("file:///app/syntax.mjs", 1),
        ),
    ),
    "no-module": truth(
        "Node: a module that isn't there.",
        "javascript",
        "node",
        error("Error", "Cannot find module './src/money'\nRequire stack:\n- /app/nomodule.js", "- /app/nomodule.js"),
    ),
    "node14-missing": truth(
        "Node 14: a module that isn't there.",
        "javascript",
        "node",
        error("Error", "Cannot find module 'timers/promises'\nRequire stack:\n- /app/async.js", "- /app/async.js"),
    ),
    "no-package": truth(
        "Node: a package that isn't there.",
        "javascript",
        "node",
        error("Error", "Cannot find package 'lodash-not-here' imported from /app/nopackage.mjs", "Error [ERR"),
    ),
    "thrown-string": truth(
        "Node: a string was thrown.",
        "javascript",
        "node",
        error("Uncaught", "closed on Sundays", ("/app/string.js", 2)),
    ),
    "thrown-object": truth(
        "Node: an object was thrown in a promise.",
        "javascript",
        "node",
        error("UnhandledPromiseRejection", UNHANDLED, "UnhandledPromiseRejection: This"),
    ),
    "warnings": {**truth("Node: warnings only.", "", ""), "language": None, "format": None, "root": None},
    "logged": truth(
        "A stack that the program logs, twice.",
        "javascript",
        "node",
        error("TypeError", "Cannot read properties of null (reading 'total')", "TypeError: Cannot"),
        error("TypeError", "Cannot read properties of null (reading 'total')", "TypeError: Cannot"),
    ),
    "events": truth("Node: an `error` event.", "javascript", "node", error("Error", "paper jam", "Error: paper jam")),
    "unhandled": truth(
        "Node: an `error` event that is no error.",
        "javascript",
        "node",
        error("Error", "Unhandled error. ('paper jam')", "Error [ERR"),
    ),
    "assert": truth(
        "Node: an assertion that is logged, and one that isn't caught.",
        "javascript",
        "node",
        error(
            "AssertionError",
            "Expected values to be strictly deep-equal:\n+ actual - expected\n\n  {\n    a: 1,\n    b: [\n      1,\n"
            "+     2\n-     3\n    ]\n  }",
            "AssertionError",
        ),
        error("AssertionError", "the total is wrong\n\n11 !== 12", "the total is wrong"),
        root=1,
    ),
    "vite": truth(
        "Vite: a package that isn't there.",
        "javascript",
        "vite",
        error(
            "error",
            '[vite]: Rollup failed to resolve import "left-padding" from "/app/bundle/main.js".\n'
            "This is most likely unintended because it can break your application at runtime.\n"
            "If you do want to externalize this module explicitly add it to\n`build.rollupOptions.external`",
            ("/app/bundle/main.js", None),
        ),
        build=True,
    ),
    "express": truth(
        "Express logs what a handler threw.",
        "javascript",
        "node",
        error("TypeError", "Cannot read properties of undefined (reading 'total')", "TypeError:"),
    ),
    "deno": truth(
        "Deno: an uncaught error.",
        "javascript",
        "deno",
        error("ReferenceError", "require is not defined", ("file:///app/async.js", 1)),
    ),
    "bun": truth(
        "Bun: an uncaught error.",
        "javascript",
        "bun",
        error("TypeError", "undefined is not an object (evaluating 'line.price.amount')", "TypeError:"),
    ),
    "bun-cause": truth(
        "Bun: causes below an error.",
        "javascript",
        "bun",
        error("ENOENT", "no such file or directory, open 'catalogue.csv'", "ENOENT:"),
        error("error", "Cannot load the catalogue catalogue.csv", "error: Cannot"),
        error("TypeError", "The shop did not start", "TypeError: The"),
    ),
    "jest": truth(
        "Jest: failing tests.",
        "javascript",
        "jest",
        error(
            "Error",
            "expect(received).toBe(expected) // Object.is equality\n\nExpected: 7\nReceived: 6",
            ("test/cart.test.js", 5, "Object.toBe"),
        ),
        error("TypeError", AMOUNT, "TypeError:"),
        error(
            "Error",
            "expect(received).toEqual(expected) // deep equality\n\n- Expected  - 1\n+ Received  + 1\n\n  Object {\n"
            '    "a": 1,\n    "b": Array [\n      1,\n-     3,\n+     2,\n    ],\n  }',
            ("test/cart.test.js", 20, "Object.toEqual"),
        ),
    ),
    "jest-suites": truth(
        "Jest: a suite that can't run.",
        "javascript",
        "jest",
        error("Error", "Cannot find module '../src/no-such-file' from 'test/broken.test.js'", "opens"),
    ),
    "mocha": truth(
        "Mocha: failing tests and a failing hook.",
        "javascript",
        "mocha",
        error("AssertionError", EQUAL, "6 !== 7"),
        error(
            "Error",
            'Timeout of 30ms exceeded. For async tests and hooks, ensure "done()" is called; if returning a Promise, '
            "ensure it resolves. (/app/mocha/cart.spec.js)",
            "Timeout of 30ms",
        ),
        error(
            "AssertionError",
            "Expected values to be strictly deep-equal:\n+ actual - expected\n\n  {\n+   a: 1\n-   a: 2\n  }",
            '+  "a": 2',
        ),
        error("TypeError", AMOUNT, "TypeError:"),
        error("Error", "the door is stuck", "the door is stuck"),
    ),
    "node-test": truth(
        "Node's test runner, in words.",
        "javascript",
        "node-test",
        error("AssertionError", EQUAL, "AssertionError"),
        error("TypeError", AMOUNT, "TypeError"),
    ),
    "node-test-tap": truth(
        "Node's test runner, as TAP.",
        "javascript",
        "node-test",
        error("AssertionError", EQUAL, "stack: |-"),
        error("TypeError", AMOUNT, "stack: |-"),
    ),
    "webpack": truth(
        "webpack: modules that aren't there, and one that can't be parsed.",
        "javascript",
        "webpack",
        error("Module not found", "Error: Can't resolve './missing' in '/app/bundle'", ("./bundle/main.js", 2)),
        error("Module not found", "Error: Can't resolve 'left-padding' in '/app/bundle'", ("./bundle/main.js", 3)),
        error("Module parse failed", f"Unexpected token (1:36)\n{PARSE_FAILED}", ("./bundle/shelf.js", 1)),
        build=True,
    ),
    "webpack-jsx": truth(
        "webpack: a file that needs a loader.",
        "javascript",
        "webpack",
        error("Module parse failed", f"Unexpected token (1:20)\n{PARSE_FAILED}", ("./bundle/html.js", 1)),
        build=True,
    ),
    "esbuild": truth(
        "esbuild.",
        "javascript",
        "esbuild",
        error("ERROR", 'Could not resolve "./missing"', ("bundle/main.js", 2)),
        error("ERROR", 'Could not resolve "left-padding"', ("bundle/main.js", 3)),
        error("ERROR", 'Expected "]" but found "}"', ("bundle/shelf.js", 1)),
        build=True,
    ),
    "rollup": truth(
        "Rollup.",
        "javascript",
        "rollup",
        error(
            "RollupError",
            'bundle/names.js (1:9): "opne" is not exported by "bundle/names2.js", imported by "bundle/names.js".',
            ("bundle/names.js", 1),
        ),
        build=True,
    ),
    "babel": truth(
        "Babel.",
        "javascript",
        "babel",
        error(
            "SyntaxError", '/app/bundle/shelf.js: Unexpected token, expected "," (1:36)', ("/app/bundle/shelf.js", 1)
        ),
        build=True,
    ),
    "eslint": truth(
        "ESLint: errors among warnings.",
        "javascript",
        "eslint",
        error("no-unused-vars", "'x' is assigned a value but never used", ("/app/lint.js", 1)),
        error("no-unused-vars", "'unused' is defined but never used", ("/app/lint.js", 2)),
        error("no-unused-vars", "'b' is defined but never used", ("/app/lint.js", 2)),
        error("no-undef", "'undefinedName' is not defined", ("/app/lint.js", 3)),
        error("no-debugger", "Unexpected 'debugger' statement", ("/app/lint.js", 3)),
        error("no-undef", "'console' is not defined", ("/app/lint.js", 5)),
        build=True,
    ),
}
TYPESCRIPT = {
    "tsc": truth("tsc, plain.", "typescript", "tsc", *WRONG, build=True),
    "tsc-pretty": truth("tsc with source and colours.", "typescript", "tsc", *WRONG, build=True),
    "npm-build": truth("tsc, run by npm.", "typescript", "tsc", *WRONG, build=True),
    "ts-node": truth("ts-node: a file that doesn't compile.", "typescript", "ts-node", *WRONG, build=True),
    "ts-node-run": truth(
        "ts-node: an uncaught error.",
        "typescript",
        "ts-node",
        error("TypeError", "Cannot read properties of undefined (reading 'toFixed')", "TypeError:"),
    ),
    "deno": truth(
        "Deno: an uncaught error in a promise.",
        "typescript",
        "deno",
        error("RangeError", "cents must not be negative", "RangeError("),
    ),
    "bun": truth(
        "Bun: an uncaught error.",
        "typescript",
        "bun",
        error("RangeError", "cents must not be negative", "RangeError: "),
    ),
    "esbuild": truth(
        "esbuild.", "typescript", "esbuild", error("ERROR", 'Unexpected "="', ("bundle/broken.ts", 2)), build=True
    ),
    "ts-loader": truth(
        "webpack with ts-loader.",
        "typescript",
        "webpack",
        error("TS1110", "Type expected.", ("/app/bundle/broken.ts", 2)),
        error("TS2322", "Type 'string' is not assignable to type 'number'.", ("/app/bundle/main.ts", 3)),
        error("TS2304", "Cannot find name 'nmae'.", ("/app/bundle/typed.ts", 3)),
        build=True,
    ),
    "vitest": truth(
        "Vitest: failing tests.",
        "typescript",
        "vitest",
        error("AssertionError", "expected 3 to be 4 // Object.is equality", ("vitest/sum.test.ts", 6)),
        error(
            "TypeError",
            "Cannot read properties of undefined (reading 'toFixed')",
            ("vitest/sum.test.ts", 10),
            ("src/total.ts", 4, "total"),
            ("src/total.ts", 4),
        ),
        error(
            "AssertionError", "expected { a: 1, b: 'x' } to deeply equal { a: 1, b: 'y' }", ("vitest/sum.test.ts", 14)
        ),
    ),
    "vitest-suite": truth(
        "Vitest: a suite that can't run, with its cause.",
        "typescript",
        "vitest",
        error(
            "Error",
            "Failed to load url ../src/lost (resolved id: ../src/lost) in /app/vitest/suite.test.ts. "
            "Does the file exist?",
            "Caused by:",
        ),
        error(
            "Error",
            "Cannot find module '../src/lost' imported from '/app/vitest/suite.test.ts'",
            ("vitest/suite.test.ts", 2),
        ),
    ),
    "vitest-unhandled": truth(
        "Vitest: an error outside of tests.", "typescript", "vitest", error("RangeError", "too late", "RangeError: too")
    ),
}
