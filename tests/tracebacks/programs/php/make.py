"""Makes the logs of PHP. Needs Debian's php-cli, php-xdebug, phpunit and composer.

Logs of Laravel, Symfony, Pest, nginx, Apache, PHP-FPM and of other versions of PHP are kept as they are.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from fixture_writer import Fixtures, Truth, error, fenced, prefixed  # noqa: E402

fixtures = Fixtures("php", HERE)
LOG = "php -n -d display_errors=0 -d log_errors=1 -d error_log= "
APP = "/srv/shop"

UNCAUGHT = [
    error(
        "TypeError",
        "Shop::priceOf(): Argument #1 ($item) must be of type array, null given, "
        "called in /srv/shop/uncaught.php on line 7",
        f"{APP}/uncaught.php:21 {{main}}",
        f"{APP}/uncaught.php:18 main",
        f"{APP}/uncaught.php:7 Shop->total",
        "~- array_map",
        f"{APP}/uncaught.php:7 Shop->{{closure}}",
        f"{APP}/uncaught.php:10 Shop->priceOf",
    )
]
CHAIN = [
    error(
        "InvalidArgumentException",
        "no order at\n  orders/1",
        f"{APP}/chain.php:21 {{main}}",
        f"{APP}/chain.php:15 order",
        f"{APP}/chain.php:9 load",
    ),
    error("OrderError", "can't read the order", f"{APP}/chain.php:21 {{main}}", f"{APP}/chain.php:17 order"),
]
UNDEFINED = [error("Error", "Call to undefined function totl()", f"{APP}/undefined.php:5 {{main}}")]
LOGGED = [
    error(
        "UnexpectedValueException",
        "not a number: ten",
        f"{APP}/logged.php:11 {{main}}",
        f"{APP}/logged.php:6 parse",
    )
]

fixtures.run("uncaught", LOG + "uncaught.php", "An uncaught TypeError", Truth("uncaught", UNCAUGHT))
fixtures.run("chain", LOG + "chain.php", "An exception and the one that it caused", Truth("uncaught", CHAIN))
fixtures.run(
    "both",
    "php -n -d display_errors=1 -d log_errors=1 -d error_log= -d html_errors=0 chain.php 2>&1",
    "The same error in the log and on the page",
    Truth("uncaught", CHAIN),
)
fixtures.run(
    "html",
    "php -n -d display_errors=1 -d html_errors=1 -d log_errors=0 undefined.php",
    "An error written into a page, after warnings",
    Truth("uncaught", UNDEFINED),
)
fixtures.run(
    "parse",
    LOG + "broken.php",
    "A program that can't be read",
    Truth("fatal", [error("Parse error", "Unclosed '{' on line 2", f"{APP}/broken.php:6")]),
)
fixtures.run(
    "lint",
    "php -n -l broken.php 2>&1",
    "php -l",
    Truth("fatal", [error("Parse error", "Unclosed '{' on line 2", "broken.php:6")]),
)
fixtures.run(
    "memory",
    LOG + "memory.php",
    "More memory than the limit",
    Truth(
        "fatal",
        [
            error(
                "Fatal error",
                "Allowed memory size of 2097152 bytes exhausted (tried to allocate 8392704 bytes)",
                f"{APP}/memory.php:6",
            )
        ],
    ),
)
fixtures.run(
    "time",
    LOG + "slow.php",
    "More time than the limit",
    Truth("fatal", [error("Fatal error", "Maximum execution time of 1 second exceeded", f"{APP}/slow.php:6")]),
)
fixtures.run(
    "abstract",
    LOG + "abstract.php",
    "A fatal error that is no exception",
    Truth(
        "fatal",
        [
            error(
                "Fatal error",
                "Class Tea contains 1 abstract method and must therefore be declared abstract or implement the "
                "remaining methods (Priced::price)",
                f"{APP}/abstract.php:7",
            )
        ],
    ),
)
fixtures.run("warnings", LOG + "warnings.php", "Warnings only: no error", Truth("", []))
fixtures.run("after_warnings", LOG + "undefined.php", "An error after warnings", Truth("uncaught", UNDEFINED))
fixtures.run("logged", LOG + "logged.php", "An exception that the program logs", Truth("logged", LOGGED))
fixtures.run(
    "xdebug",
    "php -d xdebug.mode=develop -d html_errors=0 -d display_errors=1 -d log_errors=0 uncaught.php",
    "Xdebug's table of calls",
    Truth(
        "uncaught",
        [
            error(
                "TypeError",
                UNCAUGHT[0]["message"],
                f"{APP}/uncaught.php:21 {{main}}",
                f"{APP}/uncaught.php:18 main",
                f"{APP}/uncaught.php:7 Shop->total",
                f"{APP}/uncaught.php:7 array_map",
                f"{APP}/uncaught.php:7 Shop->{{closure:/srv/shop/uncaught.php:7-7}}",
                f"{APP}/uncaught.php:10 Shop->priceOf",
            )
        ],
    ),
)
TEST = f"{APP}/ShopTest.php"
ARRAYS = (
    "Failed asserting that two arrays are equal.\n--- Expected\n+++ Actual\n@@ @@\n Array (\n"
    "-    'name' => 'tea'\n+    'name' => 'green tea'\n     'price' => 3\n )"
)
TOTAL = error("failure", "Failed asserting that 4 is identical to 3.", f"{TEST}:13")
NOBODY = error("DivisionByZeroError", "Division by zero", f"{TEST}:18", f"{TEST}:6")
WRAPPED = error("LogicException", "nobody to pay", f"{TEST}:26")
fixtures.run(
    "phpunit",
    "phpunit --do-not-cache-result ShopTest.php | sed 's/Time: [0-9:.]*/Time: 00:00.004/'",
    "PHPUnit: errors, failures, a cause, and tests that don't count",
    Truth(
        "phpunit",
        [
            NOBODY,
            error("DivisionByZeroError", "Division by zero", f"{TEST}:24", f"{TEST}:6"),
            WRAPPED,
            TOTAL,
            error("failure", ARRAYS, f"{TEST}:33"),
        ],
    ),
)
fixtures.run(
    "testdox",
    "phpunit --testdox --do-not-cache-result ShopTest.php | sed 's/Time: [0-9:.]*/Time: 00:00.004/'",
    "PHPUnit's prose",
    Truth("phpunit", [TOTAL, NOBODY, WRAPPED, error("failure", ARRAYS, f"{TEST}:33")]),
)
fixtures.run(
    "composer",
    """echo '{"repositories":[{"packagist":false}],"require":{"shop/none":"^1.0"}}' > composer.json
    COMPOSER_ALLOW_SUPERUSER=1 composer install --no-interaction 2>&1""",
    "Composer: no versions that go together",
    Truth(
        "composer",
        [
            error(
                "error",
                "Your requirements could not be resolved to an installable set of packages.\n\n  Problem 1\n"
                "    - Root composer.json requires shop/none, it could not be found in any version, there may be a "
                "typo in the package name.",
            )
        ],
        build=True,
    ),
)
fixtures.run(
    "composer_json",
    """echo '{"require": ' > composer.json
    COMPOSER_ALLOW_SUPERUSER=1 composer install --no-interaction 2>&1""",
    "Composer: a file that can't be read, in Symfony's box",
    Truth(
        "symfony",
        [
            error(
                "error",
                '"./composer.json" does not contain valid JSON\nParse error on line 1:\n{"require":\n-----------^\n'
                "Expected one of: 'STRING', 'NUMBER', 'NULL', 'TRUE', 'FALSE', '{', '['",
                "JsonFile.php:347",
            )
        ],
    ),
)

# The same logs as people paste them

fixtures.keep(
    "compose",
    prefixed(fixtures.log("chain"), "shop-php-1  | "),
    "As docker compose shows it",
    Truth("uncaught", CHAIN),
)
fixtures.keep(
    "pasted",
    fenced(fixtures.log("uncaught"), "Fatal error since I updated PHP to 8.2:", "Any idea?"),
    "In a Markdown fence between two sentences",
    Truth("uncaught", UNCAUGHT),
)
fixtures.keep("crlf", fixtures.log("chain").replace("\n", "\r\n"), "With Windows' line ends", Truth("uncaught", CHAIN))
fixtures.keep(
    "dated",
    fixtures.log("chain").replace("PHP Fatal", "[06-May-2024 07:08:09 UTC] PHP Fatal"),
    "PHP's own log file",
    Truth("uncaught", CHAIN),
)
fixtures.keep(
    "nginx",
    '2024/05/06 07:08:09 [error] 7#7: *1 FastCGI sent in stderr: "PHP message: '
    + fixtures.log("chain").rstrip()
    + '" while reading response header from upstream, client: 127.0.0.1, server: _, request: "GET / HTTP/1.1", '
    'upstream: "fastcgi://127.0.0.1:9000", host: "shop.test"\n'
    '127.0.0.1 - - [06/May/2024:07:08:09 +0000] "GET / HTTP/1.1" 500 5 "-" "curl/8.0"\n',
    "In nginx's log",
    Truth("uncaught", CHAIN),
)
fixtures.keep(
    "apache",
    "[Mon May 06 07:08:09.123456 2024] [php:error] [pid 7] [client 127.0.0.1:50000] "
    + fixtures.log("chain").rstrip().replace("\n", "\\n")
    + "\n",
    "In Apache's log, where all is one line",
    Truth("uncaught", CHAIN),
)
fixtures.keep(
    "pool",
    "".join(
        f'[06-May-2024 07:08:09] WARNING: [pool www] child 8 said into stderr: "{start}{line}"\n'
        for start, line in zip(
            ["NOTICE: PHP message: ", *[""] * 11], fixtures.log("chain").rstrip().split("\n"), strict=True
        )
    )
    + "[06-May-2024 07:08:10] NOTICE: Finishing ...\n",
    "In PHP-FPM's log",
    Truth("uncaught", CHAIN),
)
fixtures.keep(
    "end_cut",
    "\n".join(fixtures.log("uncaught").split("\n")[:4]) + "\n",
    "Cut off in the middle of the trace",
    Truth(
        "uncaught",
        [
            error(
                "TypeError",
                UNCAUGHT[0]["message"],
                f"{APP}/uncaught.php:7 Shop->{{closure}}",
                f"{APP}/uncaught.php:10 Shop->priceOf",
            )
        ],
    ),
)

# Logs that are kept as they are

VENDOR = "~/app/vendor/laravel/framework/src/Illuminate"
fixtures.keep(
    "laravel",
    None,
    "Laravel's log: an exception with the one that caused it, among other records",
    Truth(
        "monolog",
        [
            error(
                "PDOException",
                "SQLSTATE[42S02]: Base table or view not found: 1146 Table 'shop.carts' doesn't exist",
                "~/app/public/index.php:51 {main}".replace("~", ""),
                f"{VENDOR}/Database/Connection.php:760 Illuminate\\Database\\Connection->run",
                f"{VENDOR}/Database/Connection.php:414 PDO->prepare",
            ),
            error(
                "Illuminate\\Database\\QueryException",
                "SQLSTATE[42S02]: Base table or view not found: 1146 Table 'shop.carts' doesn't exist "
                '(Connection: mysql, SQL: select * from "carts")',
                "/app/public/index.php:51 {main}",
                f"{VENDOR}/Routing/Controller.php:54 Illuminate\\Foundation\\Http\\Kernel->handle",
                "/app/app/Http/Controllers/CartController.php:14 App\\Http\\Controllers\\CartController->index",
                f"{VENDOR}/Database/Connection.php:829 Illuminate\\Database\\Connection->run",
            ),
        ],
    ),
)
fixtures.keep(
    "laravel_warning",
    None,
    "Laravel: a warning about an exception that was handled",
    Truth(
        "monolog",
        [
            error(
                "App\\RateException",
                "no rate today",
                "~/app/vendor/laravel/framework/src/Illuminate/Container/BoundMethod.php:36 {main}",
                "/app/app/Rates.php:9 App\\Rates->today",
                handled=True,
            )
        ],
    ),
)
fixtures.keep(
    "symfony_log",
    None,
    "Symfony's log: one line",
    Truth("monolog", [error("RuntimeException", "no prices", "/app/src/Controller/CartController.php:12")]),
)
fixtures.keep(
    "symfony_console",
    None,
    "Symfony's console, very verbose, with a cause",
    Truth(
        "symfony",
        [
            error("RuntimeException", "no file", "/app/src/Shop.php:10", "/app/src/Loader.php:5 App\\Loader->load"),
            error(
                "App\\ShopException",
                "could not load",
                "~/app/bin/console:3",
                "~- include",
                "~/app/vendor/symfony/console/Command/Command.php:279 {closure}",
                "/app/src/Cart.php:20 App\\Cart->run",
                "/app/src/Shop.php:12 App\\Shop->total",
            ),
        ],
        root=0,
    ),
)
fixtures.keep(
    "pest",
    None,
    "Pest: a failed expectation and an exception",
    Truth(
        "pest",
        [
            error("FAILED", "Failed asserting that false is true.", "tests/Unit/CartTest.php:14"),
            error(
                "DivisionByZeroError",
                "Division by zero",
                "tests/Unit/ShopTest.php:9",
                "app/Shop.php:6",
                "app/Shop.php:6",
            ),
        ],
    ),
)
fixtures.keep(
    "artisan",
    None,
    "Laravel's console",
    Truth(
        "collision",
        [error("RuntimeException", "no prices", "~artisan:37", "app/Console/Commands/Import.php:12")],
    ),
)
fixtures.keep(
    "old",
    None,
    "An uncaught exception in PHP 5",
    Truth(
        "uncaught",
        [
            error(
                "InvalidArgumentException",
                "no order",
                "/srv/shop/order.php:12 {main}",
                "/srv/shop/order.php:8 order",
                "/srv/shop/order.php:4 load",
            )
        ],
    ),
)
