"""What each log is of, and the truth about it: see make.py."""

import json
import re
import textwrap
from typing import Any

Frame = tuple[str, str | int | None, str | None]

_LIBRARY = re.compile(r"[\\/](?:lib|Lib)[\\/]|site-packages|^<frozen|^/usr/|^<pip-|pip-install-|^pandas/|[\\/]bin[\\/]")


def owned(file: str) -> bool:
    return not _LIBRARY.search(file)


def app(file: str, text: str | int, function: str | None = "<module>") -> Frame:
    return (file, text, function)


def without_seconds(log: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2024-05-06 07:08:09", log)


def report_only(log: str) -> str:
    return log[log.index("ValueError at /cart\n") :].replace("/srv/venv/bin/python", "/srv/venv/bin/python3")


def without_indexes(log: str) -> str:
    return "".join(line for line in log.splitlines(keepends=True) if not line.startswith(("Looking in ", "WARNING: ")))


def old_build_folder(log: str) -> str:
    return re.sub(r"pip-req-build-\w+", "pip-req-build-a1b2c3d4", without_indexes(log))


def composed(log: str) -> str:
    return "".join(f"web-1  | {line}\n" for line in log.splitlines())


def interleaved(log: str) -> str:
    noise = ["db-1   | LOG:  checkpoint starting: time\n", "db-1   | LOG:  checkpoint complete: wrote 3 buffers\n"]
    lines = [f"web-1  | {line}\n" for line in log.splitlines()]
    return "".join(lines[:4] + noise[:1] + lines[4:9] + noise[1:] + lines[9:])


def stamped(log: str) -> str:
    return "".join(
        f"2024-05-06T07:08:{number % 60:02}.{number:03}Z {line}".rstrip() + "\n"
        for number, line in enumerate(log.splitlines())
    )


def quoted_in_prose(log: str) -> str:
    block = f"```\n{log.strip()}\n```\n"
    question = "Any idea what I could look at? It worked before."
    return f"Hello,\n\nsince this morning the basket page fails. It prints this:\n\n{block}\n{question}\n"


def coloured(log: str) -> str:
    lines = log.splitlines()
    return "".join(
        re.sub(r'"(.*?)"', '\x1b[35m"\\1"\x1b[0m', line) + "\n"
        if line.startswith("  File")
        else f"\x1b[1;31m{line}\x1b[0m\n"
        for line in lines
    )


def windows_ends(log: str) -> str:
    return log.replace("\n", "\r\n")


def indented(log: str) -> str:
    return "The worker says:\n\n" + textwrap.indent(log, "    ") + "\nand then nothing more.\n"


def one_json_line(log: str) -> str:
    record = {"ts": "2024-05-06T07:08:09Z", "level": "error", "msg": "basket failed", "exc_info": log.strip()}
    before = {"ts": "2024-05-06T07:08:08Z", "level": "info", "msg": "basket opened"}
    return json.dumps(before) + "\n" + json.dumps(record) + "\n" + json.dumps({**before, "msg": "basket closed"}) + "\n"


def wrapped(log: str) -> str:
    """As a terminal of 80 columns breaks it."""
    lines = [line[at : at + 80] for line in log.splitlines() for at in range(0, max(len(line), 1), 80)]
    return "\n".join(lines) + "\n"


CHAIN = [
    ("KeyError", "'milk'", [app("chain.py", "return prices[name]", "price")]),
    (
        "PriceUnknown",
        "milk",
        [
            app("chain.py", "return sum(", "total"),
            app("chain.py", "return sum(", "<genexpr>"),
            app("chain.py", "raise PriceUnknown", "price"),
        ],
    ),
    (
        "ZeroDivisionError",
        "division by zero",
        [
            app("chain.py", "print(total("),
            app("chain.py", "return estimate", "total"),
            app("chain.py", "return len(basket) /", "estimate"),
        ],
    ),
]
DEPTH = app("recursion.py", "return 1 + depth", "depth")
ORIGINAL_IMPORT = ("ModuleNotFoundError", "No module named 'shop_redis_client'")
VENV = "/srv/venv/lib/python3.12/site-packages/"
FLASK = [
    ("site:flask/app.py", "response = self.full_dispatch_request()", "wsgi_app"),
    ("site:flask/app.py", "rv = self.handle_user_exception(e)", "full_dispatch_request"),
    ("site:flask/app.py", "rv = self.dispatch_request()", "full_dispatch_request"),
    (
        "site:flask/app.py",
        "return self.ensure_sync(self.view_functions[rule.endpoint])(**view_args)",
        "dispatch_request",
    ),
    app("flask_app.py", 'return {"price"', "price"),
]
DJANGO = [
    (
        "KeyError",
        "'user_id'",
        [("site:django/utils/datastructures.py", "list_ = super().__getitem__(key)", "__getitem__")],
    ),
    (
        "django.utils.datastructures.MultiValueDictKeyError",
        "'user_id'",
        [
            app("django_app.py", 'return query["user_id"]', "find"),
            ("site:django/utils/datastructures.py", "raise MultiValueDictKeyError(key)", "__getitem__"),
        ],
    ),
    (
        "ValueError",
        "invalid literal for int() with base 10: 'nobody'",
        [
            ("site:django/core/handlers/exception.py", "            response = get_response(request)", "inner"),
            (
                "site:django/core/handlers/base.py",
                "                response = wrapped_callback(request, *callback_args, **callback_kwargs)",
                "_get_response",
            ),
            app("django_app.py", "return HttpResponse(find", "cart"),
            app("django_app.py", 'return int("nobody")', "find"),
        ],
    ),
]

PIP = [
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--no-cache-dir",
    "--no-deps",
    "--target",
    "/tmp/shop-target",
]
PIP_CONFLICT = """\
Looking in links: links
Processing ./links/shop_a-1-py3-none-any.whl
Processing ./links/shop_b-1-py3-none-any.whl
Processing ./links/shop_c-1-py3-none-any.whl (from shop-a)
ERROR: Cannot install shop-a==1 and shop-b==1 because these package versions have conflicting dependencies.

The conflict is caused by:
    shop-a 1 depends on shop-c<2
    shop-b 1 depends on shop-c>=2

To fix this you could try to:
1. loosen the range of package versions you've specified
2. remove package versions to allow pip attempt to solve the dependency conflict

ERROR: ResolutionImpossible: for help visit \
https://pip.pypa.io/en/latest/topics/dependency-resolution/#dealing-with-dependency-conflicts
"""
WINDOWS = r"""
(.venv) PS C:\Users\ann\shop> python labels.py
Traceback (most recent call last):
  File "C:\Users\ann\shop\labels.py", line 14, in <module>
    print_labels(sys.argv[1:])
  File "C:\Users\ann\shop\labels.py", line 9, in print_labels
    subprocess.run(["lp", *names], check=True)
  File "C:\Python311\Lib\subprocess.py", line 548, in run
    with Popen(*popenargs, **kwargs) as process:
         ^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "C:\Python311\Lib\subprocess.py", line 1538, in _execute_child
    hp, ht, pid, tid = _winapi.CreateProcess(executable, args,
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
FileNotFoundError: [WinError 2] The system cannot find the file specified
(.venv) PS C:\Users\ann\shop>
"""

CASES: dict[str, dict[str, Any]] = {
    "keyerror_50_lines": {
        "about": "A handled ImportError logged with its stack, then the KeyError that ends the program.",
        "python": "3.12",
        "folder": "keyerror",
        "run": ["supervisor.py", "app.py"],
        "after": without_seconds,
        "root": 1,
        "errors": [
            (
                *ORIGINAL_IMPORT,
                [
                    app("plugins.py", "return connect()", "load_cache"),
                    app("plugins.py", "    import shop_redis_client", "connect"),
                ],
                True,
            ),
            (
                "KeyError",
                "'user_id'",
                [
                    app("app.py", "    main()"),
                    app("app.py", "owner = owner_of(order)", "main"),
                    app("app.py", 'return data["user_id"]', "owner_of"),
                ],
            ),
        ],
    },
    "chain": {
        "about": "Three tracebacks: a cause, a context, and what the program ended with.",
        "python": "3.12",
        "run": ["chain.py"],
        "errors": CHAIN,
    },
    "chain_old": {
        "about": "The same chain from Python 3.8, without marks below the code.",
        "python": "3.8",
        "relative": True,
        "run": ["chain.py"],
        "errors": [CHAIN[0], ("__main__.PriceUnknown", *CHAIN[1][1:]), CHAIN[2]],
    },
    "cause_never_raised": {
        "about": "A cause that was made but never raised has no traceback, only its line.",
        "python": "3.12",
        "run": ["cause_only.py"],
        "errors": [
            ("OSError", "disk is gone", []),
            (
                "LookupError",
                "no table",
                [app("cause_only.py", "open_table()  #"), app("cause_only.py", "raise LookupError", "open_table")],
            ),
        ],
    },
    "probed_import": {
        "about": "An import that was tried first is no root, though it is the first of the chain.",
        "python": "3.13",
        "run": ["probe.py"],
        "root": 1,
        "errors": [
            (
                "ModuleNotFoundError",
                "No module named 'shop_fast_json'",
                [app("probe.py", "import shop_fast_json", "encode")],
                True,
            ),
            (
                "TypeError",
                "Object of type set is not JSON serializable",
                [
                    app("probe.py", "print(encode"),
                    app("probe.py", "return json.dumps(value)  # set", "encode"),
                    ("lib:json/__init__.py", "return _default_encoder.encode(obj)", "dumps"),
                    ("lib:json/encoder.py", "chunks = self.iterencode(o, _one_shot=True)", "encode"),
                    ("lib:json/encoder.py", "return _iterencode(o, 0)", "iterencode"),
                    ("lib:json/encoder.py", "raise TypeError(f'Object of type", "default"),
                ],
            ),
        ],
    },
    "groups": {
        "about": "An exception group with a group, a chain and notes among its members, handled into another error.",
        "python": "3.13",
        "run": ["groups.py"],
        "errors": [
            (
                "KeyError",
                "'bob'\nwhile the report of May was made\n(user list of April)",
                [app("groups.py", "function(value)", "attempt"), app("groups.py", 'return {"ann": 1}[user]', "load")],
            ),
            (
                "ValueError",
                "invalid literal for int() with base 10: '4x'",
                [app("groups.py", "return int(text)", "parse")],
            ),
            (
                "RuntimeError",
                "no number:\n  4x",
                [app("groups.py", "function(value)", "attempt"), app("groups.py", "raise RuntimeError", "parse")],
            ),
            ("OSError", "sda is full", []),
            ("TimeoutError", "", []),
            ("ExceptionGroup", "disks (2 sub-exceptions)", []),
            (
                "ExceptionGroup",
                "checks (3 sub-exceptions)",
                [
                    app("groups.py", "        check()", "main"),
                    app("groups.py", 'raise ExceptionGroup("checks"', "check"),
                ],
            ),
            (
                "SystemError",
                "checks did not pass",
                [app("groups.py", "main()  #", "<module>"), app("groups.py", "raise SystemError", "main")],
            ),
        ],
    },
    "notes": {
        "about": "A message of several lines, and a note after it.",
        "python": "3.12",
        "run": ["notes.py"],
        "errors": [
            (
                "Rejected",
                "2 fields are wrong\nname\n  is empty (kind=missing)\nage\n  is no number (kind=type)\nform: /register",
                [app("notes.py", "validate({})"), app("notes.py", "raise error", "validate")],
            )
        ],
    },
    "syntax_error_in_import": {
        "about": "A SyntaxError in an imported module: its place is the innermost frame, without a function.",
        "python": "3.13",
        "run": ["broken_import.py"],
        "errors": [
            (
                "SyntaxError",
                "':' expected after dictionary key",
                [app("broken_import.py", "import broken"), app("broken.py", '"rice" 4', None)],
            )
        ],
    },
    "syntax_error": {
        "about": "A SyntaxError of the program itself, without a header.",
        "python": "3.8",
        "run": ["broken.py"],
        "relative": True,
        "errors": [("SyntaxError", "invalid syntax", [app("broken.py", '"rice" 4', None)])],
    },
    "indentation_error": {
        "about": "An IndentationError, without a header.",
        "python": "3.11",
        "run": ["/srv/shop/indentation.py"],
        "errors": [
            (
                "IndentationError",
                "expected an indented block after 'if' statement on line 2",
                [app("indentation.py", "return 1", None)],
            )
        ],
    },
    "recursion": {
        "about": "Repeated frames that the interpreter left out.",
        "python": "3.12",
        "run": ["recursion.py"],
        "errors": [
            (
                "RecursionError",
                "maximum recursion depth exceeded",
                [app("recursion.py", "print(depth"), DEPTH, DEPTH, DEPTH],
            )
        ],
    },
    "long_call": {
        "about": "Code of several lines with an omission, as Python 3.13 shows it.",
        "python": "3.13",
        "run": ["long_call.py"],
        "errors": [
            (
                "ZeroDivisionError",
                "division by zero",
                [app("long_call.py", "    order("), app("long_call.py", '"each": 10', "order")],
            )
        ],
    },
    "faulthandler": {
        "about": "The interpreter crashed: the thread that did so, innermost frame first, beside others.",
        "python": "3.12",
        "run": ["crash.py"],
        "format": "faulthandler",
        "errors": [
            (
                "Fatal Python error",
                "Segmentation fault",
                [
                    app("crash.py", "main()  #"),
                    app("crash.py", "    read(8)", "main"),
                    app("crash.py", "return ctypes.string_at", "read"),
                    ("lib:ctypes/__init__.py", "return _string_at(ptr, size)", "string_at"),
                ],
            )
        ],
    },
    "pool": {
        "about": "An error of a worker process, raised again in the parent by multiprocessing.",
        "python": "3.12",
        "run": ["pool.py"],
        "errors": [
            (
                "KeyError",
                "'weight'",
                [
                    ("lib:multiprocessing/pool.py", "result = (True, func(*args, **kwds))", "worker"),
                    ("lib:multiprocessing/pool.py", "return list(map(*args))", "mapstar"),
                    app("pool.py", 'return item["weight"]', "weigh"),
                ],
            ),
            (
                "KeyError",
                "'weight'",
                [
                    app("pool.py", "    main()"),
                    app("pool.py", "print(pool.map", "main"),
                    (
                        "lib:multiprocessing/pool.py",
                        "return self._map_async(func, iterable, mapstar, chunksize).get()",
                        "map",
                    ),
                    ("lib:multiprocessing/pool.py", "raise self._value", "get"),
                ],
            ),
        ],
    },
    "executor": {
        "about": "A chain from a worker process of concurrent.futures.",
        "python": "3.13",
        "run": ["executor.py"],
        "errors": [
            ("KeyError", "'weight'", [app("executor.py", 'return item["weight"]', "weigh")]),
            (
                "ValueError",
                "an item without weight",
                [
                    (
                        "lib:concurrent/futures/process.py",
                        "r = call_item.fn(*call_item.args, **call_item.kwargs)",
                        "_process_worker",
                    ),
                    app("executor.py", "raise ValueError", "weigh"),
                ],
            ),
            (
                "ValueError",
                "an item without weight",
                [
                    app("executor.py", "print(pool.submit"),
                    ("lib:concurrent/futures/_base.py", 456, "result"),
                    ("lib:concurrent/futures/_base.py", "raise self._exception", "__get_result"),
                ],
            ),
        ],
    },
    "tasks_and_callbacks": {
        "about": "asyncio's reports of a lost task and of a callback, with debug mode's stacks of origin.",
        "python": "3.11",
        "run": ["task.py"],
        "env": {"PYTHONASYNCIODEBUG": "1"},
        "errors": [
            ("KeyError", "'rows'", [app("task.py", 'return table["rows"]', "fetch")]),
            (
                "AttributeError",
                "'NoneType' object has no attribute 'advance'",
                [
                    ("lib:asyncio/events.py", "self._context.run(self._callback, *self._args)", "_run"),
                    app("task.py", "clock.advance()", "tick"),
                ],
            ),
        ],
    },
    "threads": {
        "about": "Errors in a finalizer and in a thread, and then the one that the program ended with.",
        "python": "3.11",
        "run": ["threads.py"],
        "root": 1,
        "errors": [
            (
                "AttributeError",
                "'File' object has no attribute 'handle'",
                [app("threads.py", "self.handle.close()", "__del__")],
                True,
            ),
            (
                "AttributeError",
                "'list' object has no attribute 'popleft'",
                [
                    ("lib:threading.py", "            self.run()", "_bootstrap_inner"),
                    ("lib:threading.py", "self._target(*self._args, **self._kwargs)", "run"),
                    app("threads.py", "queue.popleft()", "worker"),
                ],
            ),
            (
                "NameError",
                "name 'main' is not defined. Did you mean: 'min'?",
                [app("threads.py", "raise SystemExit(main())")],
            ),
        ],
    },
    "levels": {
        "about": "logging's records with stacks: one of a fallback, one of an error with the caller's stack.",
        "python": "3.12",
        "run": ["levels.py"],
        "root": 1,
        "errors": [
            (
                "ValueError",
                "could not convert string to float: 'one'",
                [app("levels.py", "yield price(text)", "read"), app("levels.py", "return float(text)", "price")],
                True,
            ),
            ("IndexError", "list index out of range", [app("levels.py", "print(prices[3])", "main")]),
        ],
    },
    "custom_names": {
        "about": "Exceptions whose names don't end in Error, nested in a class, without a message.",
        "python": "3.8",
        "relative": True,
        "run": ["custom.py"],
        "errors": [
            ("__main__.Stop", "", [app("custom.py", "raise Stop", "sell")]),
            ("__main__.Closed", "", [app("custom.py", "sell()  #"), app("custom.py", "raise Shop.Closed", "sell")]),
        ],
    },
    "command_line": {
        "about": "Code given on the command line, and the import system's own frames.",
        "python": "3.12",
        "run": ["-c", "import importlib\nimportlib.import_module('unraised')"],
        "errors": [
            (
                "ModuleNotFoundError",
                "No module named 'shop_that_is_not_installed_here'",
                [
                    ("<string>", 2, "<module>"),
                    (
                        "lib:importlib/__init__.py",
                        "return _bootstrap._gcd_import(name[level:], package, level)",
                        "import_module",
                    ),
                    ("<frozen importlib._bootstrap>", 1387, "_gcd_import"),
                    ("<frozen importlib._bootstrap>", 1360, "_find_and_load"),
                    ("<frozen importlib._bootstrap>", 1331, "_find_and_load_unlocked"),
                    ("<frozen importlib._bootstrap>", 935, "_load_unlocked"),
                    ("<frozen importlib._bootstrap_external>", 994, "exec_module"),
                    ("<frozen importlib._bootstrap>", 488, "_call_with_frames_removed"),
                    app("unraised.py", "import shop_that"),
                ],
            )
        ],
    },
    "python2": {
        "about": "Python 2.",
        "python": "2.7",
        "run": ["old.py"],
        "relative": True,
        "errors": [
            (
                "ZeroDivisionError",
                "integer division or modulo by zero",
                [app("old.py", "print halve"), app("old.py", "return value / 0", "halve")],
            )
        ],
    },
    "interrupted": {
        "about": "Ctrl+C.",
        "python": "3.11",
        "run": ["wait.py"],
        "errors": [
            ("KeyboardInterrupt", "", [app("wait.py", "time.sleep(5)"), app("wait.py", "lambda *_:", "<lambda>")]),
        ],
    },
    "no_error": {
        "about": "A warning, and words like error in ordinary output: no error at all.",
        "python": "3.12",
        "run": ["-W", "always", "lone.py"],
        "errors": [],
    },
    "django": {
        "about": "Django's log of a failed request.",
        "python": "web",
        "run": ["django_app.py"],
        "errors": DJANGO,
    },
    "django_report": {
        "about": "Django's plain-text error page: the last exception's name comes after the frames.",
        "python": "web",
        "run": ["django_app.py", "report"],
        "after": report_only,
        "format": "django",
        "errors": [
            ("Exception", "'user_id'", DJANGO[0][2]),
            ("Exception", "'user_id'", DJANGO[1][2]),
            DJANGO[2],
        ],
    },
    "flask": {
        "about": "Flask's log of a failed request.",
        "python": "web",
        "run": ["flask_app.py"],
        "errors": [("KeyError", "'milk'", FLASK)],
    },
    "uvicorn": {
        "about": "An ASGI application's error between uvicorn's records.",
        "python": "web",
        "run": ["asgi.py"],
        "errors": [
            (
                "ValueError",
                "invalid literal for int() with base 10: 'four'",
                [
                    ("site:uvicorn/protocols/http/h11_impl.py", "result = await app(", "run_asgi"),
                    ("site:uvicorn/middleware/proxy_headers.py", 63, "__call__"),
                    app("asgi.py", "await answer(scope, send)", "app"),
                    app("asgi.py", "number = int(", "answer"),
                ],
            )
        ],
    },
    "celery": {
        "about": "A Celery worker's log of a failed task.",
        "python": "web",
        "run": ["tasks.py"],
        "errors": [
            (
                "KeyError",
                "'user_id'",
                [
                    ("site:celery/app/trace.py", "R = retval = fun(*args, **kwargs)", "trace_task"),
                    app("tasks.py", "return address(order)", "ship"),
                    app("tasks.py", 'return order["user_id"]', "address"),
                ],
            )
        ],
    },
    "pip_setup_fails": {
        "about": "pip: the package's own setup.py raises.",
        "python": "3.8",
        "run": [*PIP, "--no-build-isolation", "./labels"],
        "after": without_indexes,
        "format": "pip",
        "build": True,
        "errors": [
            (
                "RuntimeError",
                "no version: this is no checkout",
                [
                    ("<string>", 2, "<module>"),
                    ("<pip-setuptools-caller>", 34, "<module>"),
                    app("labels/setup.py", "setup(name"),
                    app("labels/setup.py", "raise RuntimeError", "version"),
                ],
            ),
            (
                "subprocess-exited-with-error",
                "python setup.py egg_info did not run successfully.\nexit code: 1",
                [],
            ),
            ("metadata-generation-failed", "Encountered error while generating package metadata.", []),
        ],
    },
    "pip_not_found": {
        "about": "pip: no such version.",
        "python": "3.8",
        "run": [*PIP, "--no-index", "shop-labels==2"],
        "after": without_indexes,
        "format": "pip",
        "build": True,
        "errors": [
            (
                "ERROR",
                "Could not find a version that satisfies the requirement shop-labels==2 (from versions: none)",
                [],
            ),
            ("ERROR", "No matching distribution found for shop-labels==2", []),
        ],
    },
    "pip_conflict": {
        "about": "pip: versions that exclude each other.",
        "written": PIP_CONFLICT,
        "format": "pip",
        "build": True,
        "errors": [
            (
                "ERROR",
                "Cannot install shop-a==1 and shop-b==1 because these package versions have conflicting dependencies.",
                [],
            ),
            (
                "ResolutionImpossible",
                "for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/#dealing-with-dependency-conflicts",
                [],
            ),
        ],
    },
    "pip_old": {
        "about": "pip before version 19.",
        "python": "3.6",
        "run": [*PIP, "./labels"],
        "after": old_build_folder,
        "format": "pip",
        "build": True,
        "errors": [
            (
                "RuntimeError",
                "no version: this is no checkout",
                [
                    ("<string>", 1, "<module>"),
                    ("/tmp/pip-req-build-a1b2c3d4/setup.py", 8, "<module>"),
                    ("/tmp/pip-req-build-a1b2c3d4/setup.py", 5, "version"),
                ],
            ),
            ("Command", '"python setup.py egg_info" failed with error code 1 in /tmp/pip-req-build-a1b2c3d4/', []),
        ],
    },
    "windows": {
        "about": "Windows: the standard library, an environment's packages and the user's own code.",
        "written": WINDOWS,
        "errors": [
            (
                "FileNotFoundError",
                "[WinError 2] The system cannot find the file specified",
                [
                    ("C:\\Users\\ann\\shop\\labels.py", 14, "<module>"),
                    ("C:\\Users\\ann\\shop\\labels.py", 9, "print_labels"),
                    ("C:\\Python311\\Lib\\subprocess.py", 548, "run"),
                    ("C:\\Python311\\Lib\\subprocess.py", 1538, "_execute_child"),
                ],
            )
        ],
    },
    "chain_compose": {
        "about": "The chain behind docker compose's prefixes, with another service between.",
        "from": "chain",
        "change": interleaved,
    },
    "groups_compose": {"about": "The group behind docker compose's prefixes.", "from": "groups", "change": composed},
    "chain_timestamps": {"about": "The chain with a time before each line.", "from": "chain", "change": stamped},
    "chain_in_prose": {"about": "The chain in a fence, in a letter.", "from": "chain", "change": quoted_in_prose},
    "long_call_colours": {"about": "Colours.", "from": "long_call", "change": coloured},
    "chain_windows_ends": {"about": "Lines that end as on Windows.", "from": "chain", "change": windows_ends},
    "chain_indented": {"about": "Indented as a whole, in prose.", "from": "chain", "change": indented},
    "groups_indented": {"about": "A group indented as a whole, in prose.", "from": "groups", "change": indented},
    "chain_json": {"about": "A traceback in one field of a JSON record.", "from": "chain", "change": one_json_line},
    "flask_wrapped": {"about": "Lines broken by a terminal of 80 columns.", "from": "flask", "change": wrapped},
    "chain_begin_cut": {
        "about": "The log begins in the middle of the first traceback.",
        "from": "chain",
        "change": lambda log: log[log.index("    return prices") :],
        "errors": [("KeyError", "'milk'", []), *CHAIN[1:]],
    },
    "chain_end_cut": {
        "about": "The log ends before the last exception is named.",
        "from": "chain",
        "change": lambda log: log[: log.index("    return len(basket) /")],
        "errors": [*CHAIN[:2], ("Traceback", "", CHAIN[2][2])],
    },
    "two_failures": {
        "about": "Two failures of two runs in one log.",
        "from": "notes",
        "change": lambda log: (
            "$ python notes.py\n" + log + "$ python cause_only.py\nTraceback (most recent call last):\n"
            '  File "/srv/shop/cause_only.py", line 5, in <module>\n    open_table()\n'
            "NameError: name 'open_table' is not defined\n$\n"
        ),
    },
}
CASES["two_failures"]["errors"] = [
    *CASES["notes"]["errors"],
    ("NameError", "name 'open_table' is not defined", [("/srv/shop/cause_only.py", 5, "<module>")]),
]
