"""Logs, sources and texts in which nothing failed have no errors, however often they speak of some."""

import pytest

from termcoder.tracebacks import parse

QUIET = {
    "cargo test": """\
   Compiling shop v0.1.0 (/srv/shop)
warning: unused variable: `error`
 --> src/error.rs:12:9
  |
12 |     let error = 1;
  |         ^^^^^ help: if this is intentional, prefix it with an underscore: `_error`

warning: `shop` (lib) generated 1 warning
running 2 tests
test error::tests::panics_on_zero - should panic ... ok
test fatal_error_is_reported ... ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
""",
    "go test": "ok  \texample.com/shop/errors\t0.012s\nok  \texample.com/shop/internal/panic\t(cached)\nPASS\n",
    "cmake": """\
-- Performing Test HAS_STRLCPY - Failed
-- Could NOT find Doxygen (missing: DOXYGEN_EXECUTABLE)
CMake Warning at CMakeLists.txt:12 (message):
  error reporting is off

-- Configuring done
""",
    "docker build": """\
#5 [2/4] RUN apt-get install -y libgpg-error0
#5 0.312 Reading package lists...
#5 1.012 Setting up libgpg-error0:amd64 (1.43-3) ...
#5 DONE 2.1s
""",
    "dotnet build": """\
/srv/shop/Error.cs(12,9): warning CS0168: The variable 'ex' is declared but never used [/srv/shop/shop.csproj]
  shop -> /srv/shop/bin/Debug/net8.0/shop.dll

Build succeeded.
    1 Warning(s)
    0 Error(s)
""",
    "rspec": "Order\n  raises NoMethodError when the basket is nil\n\nFinished in 0.5 seconds\n1 example, 0 failures\n",
    "phpunit": "PHPUnit 10.5.1 and others.\n\n...   3 / 3 (100%)\n\nOK (3 tests, 5 assertions)\n",
    "gdb": "(gdb) run\nBreakpoint 1, main () at a.c:5\n5\t  int x = 1;\n(gdb) bt\n#0  main () at a.c:5\n",
    "valgrind": "==123== All heap blocks were freed -- no leaks are possible\n==123== ERROR SUMMARY: 0 errors\n",
    "access log": '10.0.0.1 - - [01/Mar/2024:12:00:00 +0000] "GET /error/404.php HTTP/1.1" 404 153 "-" "Browser"\n' * 2,
    "kubectl get": "NAME    READY   STATUS\nweb-7   0/1     CrashLoopBackOff\njob-e   0/1     Error\n",
    "diff": '--- a/main.rs\n+++ b/main.rs\n-    panic!("error: no config");\n+    eprintln!("error: none");\n',
    "shell": 'die() { echo "error: $1" >&2; exit 1; }\ncommand -v docker || die "docker: command not found"\n',
    "php": '<?php\nerror_log("PHP Fatal error: " . $e->getMessage());\nthrow new E("Stack trace: " . $e->trace());\n',
    "help": "Options:\n  -e, --error-format <FMT>  error format\n      --fatal-warnings  as fatal error: stop\n",
    "documentation": "If the server answers, you will see `Error response from daemon: conflict` there.\n",
    "mail": "Users told me that an error was shown. I think line 12 of the config is not right: timeout is 5.\n",
    "table": " id |  name   | error\n----+---------+-------\n  1 | fatal   | none\n  2 | panic   | none\n(2 rows)\n",
}


@pytest.mark.parametrize("name", QUIET)
def test_where_nothing_failed_there_is_no_error(name: str) -> None:
    assert parse(QUIET[name]).errors == ()


def test_a_build_that_failed_without_a_word_is_one_error_without_a_message() -> None:
    assert [error.message for error in parse("failed to solve: ").errors] == [""]
