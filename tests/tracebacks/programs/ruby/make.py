"""Makes the logs of Ruby. Needs Debian's ruby, ruby-rspec, ruby-minitest, ruby-test-unit, ruby-bundler and rake.

What Ruby 3.4 prints comes from npm's @ruby/3.4-wasm-wasi and @ruby/wasm-wasi, installed in the folder that is the
first argument. Without it those logs stay as they are. Logs of Rails, Sidekiq, Puma and Ruby 2.7 are kept
as they are too.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from fixture_writer import Fixtures, Truth, error, fenced, prefixed, wrapped  # noqa: E402

fixtures = Fixtures("ruby", HERE)

TOTAL = [
    error(
        "NoMethodError",
        "undefined method `price' for nil:NilClass",
        "total.rb:12 <main>",
        "total.rb:9 total",
        "total.rb:9 sum",
        "total.rb:9 block in total",
        "total.rb:5 price_of",
    )
]
CAUSES = [
    error(
        "Errno::ENOENT",
        "No such file or directory @ rb_sysopen - missing.yml",
        "causes.rb:17 <main>",
        "causes.rb:12 start",
        "causes.rb:6 read_config",
        "causes.rb:6 read",
    ),
    error(
        "ConfigError",
        "can't read the configuration",
        "causes.rb:17 <main>",
        "causes.rb:12 start",
        "causes.rb:5 read_config",
        "causes.rb:8 rescue in read_config",
    ),
    error(
        "StartError",
        "the shop can't open",
        "causes.rb:17 <main>",
        "causes.rb:11 start",
        "causes.rb:14 rescue in start",
    ),
]

fixtures.run("uncaught", "ruby total.rb", "An unrescued exception, with the marked source", Truth("backtrace", TOTAL))
fixtures.run("causes", "ruby causes.rb", "A chain of two causes", Truth("backtrace", CAUSES))
fixtures.run(
    "suggestion",
    "ruby suggestion.rb",
    "A misspelt name with a suggestion",
    Truth(
        "backtrace",
        [
            error(
                "NameError",
                "undefined local variable or method `precent' for main:Object",
                "suggestion.rb:6 <main>",
                "suggestion.rb:3 discount",
            )
        ],
    ),
)
fixtures.run(
    "message_of_lines",
    "ruby multiline.rb",
    "A message of several lines",
    Truth(
        "backtrace",
        [
            error(
                "OrderError",
                "the order is not valid:\n  quantity: must be positive\n  address: is missing",
                "multiline.rb:8 <main>",
                "multiline.rb:5 check",
            )
        ],
    ),
)
fixtures.run(
    "no_message",
    "ruby silent.rb",
    "A RuntimeError without a message",
    Truth("backtrace", [error("unhandled exception", "", "silent.rb:6 <main>", "silent.rb:3 stop")]),
)
fixtures.run(
    "endless",
    "ruby deep.rb",
    "Endless recursion",
    Truth(
        "backtrace",
        [
            error(
                "SystemStackError",
                "stack level too deep",
                "deep.rb:6 <main>",
                *["deep.rb:3 ancestors"] * 12,
            )
        ],
    ),
)
fixtures.run(
    "thread",
    "ruby thread.rb 2>&1 | sed 's/0x[0-9a-f]*/0x00007f0000001000/'",
    "A thread's exception, reported by the thread and by its join",
    Truth(
        "backtrace",
        [
            error(
                "ArgumentError",
                'invalid value for Integer(): "ten"',
                "thread.rb:3 block in <main>",
                "thread.rb:3 Integer",
            )
        ],
    ),
)
fixtures.run(
    "syntax",
    "ruby broken.rb",
    "A program that can't be read",
    Truth("syntax", [error("SyntaxError", "syntax error, unexpected end-of-input, expecting `end'", "broken.rb:6")]),
)
fixtures.run(
    "syntax_required",
    "ruby loads_broken.rb",
    "A required file that can't be read",
    Truth(
        "backtrace",
        [
            error(
                "SyntaxError",
                "/srv/shop/broken.rb:6: syntax error, unexpected end-of-input, expecting `end'",
                "loads_broken.rb:1 <main>",
                "loads_broken.rb:1 require_relative",
                "/srv/shop/broken.rb:6",
            )
        ],
    ),
)
REQUIRE = "~<internal:/usr/lib/ruby/vendor_ruby/rubygems/core_ext/kernel_require.rb>:85 require"
fixtures.run(
    "missing_library",
    "ruby missing.rb",
    "A library that isn't there",
    Truth(
        "backtrace",
        [error("LoadError", "cannot load such file -- no_such_library", "missing.rb:1 <main>", REQUIRE, REQUIRE)],
    ),
)
fixtures.run(
    "not_there",
    "ruby no_such_program.rb",
    "A program that isn't there",
    Truth("backtrace", [error("LoadError", "No such file or directory -- no_such_program.rb")]),
)
fixtures.run(
    "logged",
    "ruby logged.rb 2>&1 | sed 's/\\[20[^]]*\\]/[2024-05-06T07:08:09.123456 #7]/'",
    "Exceptions that Ruby's logger and the program itself print",
    Truth(
        "log",
        [
            error("ZeroDivisionError", "divided by 0", "logged.rb:10 <main>", "logged.rb:5 divide", "logged.rb:5 /"),
            error(
                "TypeError",
                "nil can't be coerced into Integer",
                "logged.rb:15 <main>",
                "logged.rb:5 divide",
                "logged.rb:5 /",
            ),
        ],
    ),
)
fixtures.run("warnings", "ruby -W warned.rb", "Warnings only: no error", Truth("", []))
fixtures.run(
    "rake",
    "rake import",
    "A failed Rake task with the cause of its exception",
    Truth(
        "rake",
        [
            error(
                "ArgumentError",
                'invalid value for Integer(): "x1"',
                "/srv/shop/Rakefile:3 block in <top (required)>",
                "/srv/shop/Rakefile:3 Integer",
            ),
            error(
                "KeyError",
                "no such price list",
                "/srv/shop/Rakefile:2 block in <top (required)>",
                "/srv/shop/Rakefile:5 rescue in block in <top (required)>",
            ),
        ],
    ),
)
fixtures.run(
    "minitest",
    "ruby shop_test.rb --seed 1 | sed 's/[0-9.]* runs.s, [0-9.]* assert/1.0 runs\\/s, 1.0 assert/;'"
    "'s/in [0-9.]*s/in 0.001s/'",
    "Minitest: a failure and an error",
    Truth(
        "minitest",
        [
            error("Failure", "Expected: 3\n  Actual: 4", "shop_test.rb:9 ShopTest#test_total"),
            error(
                "ZeroDivisionError",
                "divided by 0",
                "shop_test.rb:13 test_nobody",
                "shop_test.rb:4 per_person",
                "shop_test.rb:4 /",
            ),
        ],
    ),
)
BLOCK = "block (2 levels) in <top (required)>"
fixtures.run(
    "rspec",
    "rspec --no-color shop_spec.rb | sed 's/in [0-9.]* seconds/in 0.01 seconds/; s/took [0-9.]* /took 0.06 /'",
    "RSpec: an expectation, an exception, and one with its cause",
    Truth(
        "rspec",
        [
            error("Failure/Error", "expected: 3\n     got: 4\n\n(compared using ==)", f"./shop_spec.rb:13 {BLOCK}"),
            error(
                "ZeroDivisionError",
                "divided by 0",
                f"./shop_spec.rb:17 {BLOCK}",
                "./shop_spec.rb:2 per_person",
                "./shop_spec.rb:2 /",
            ),
            error("ZeroDivisionError", "divided by 0", "./shop_spec.rb:2 /"),
            error(
                "ArgumentError",
                "nobody to pay",
                f"./shop_spec.rb:21 {BLOCK}",
                "./shop_spec.rb:5 split",
                "./shop_spec.rb:8 rescue in split",
            ),
        ],
    ),
)
fixtures.run(
    "rspec_loading",
    "rspec --no-color load_spec.rb | sed 's/in [0-9.]* seconds/in 0.01 seconds/; s/took [0-9.]* /took 0.06 /'",
    "RSpec: a file of examples that can't be loaded",
    Truth(
        "rspec",
        [error("NameError", "uninitialized constant NoSuchShop", "./load_spec.rb:1 <top (required)>")],
    ),
)
fixtures.run(
    "test_unit",
    "ruby unit_test.rb | sed 's/in [0-9.]* seconds/in 0.01 seconds/;'"
    "'s/^[0-9.]* tests.s/200.0 tests\\/s/; s/[0-9.]* assertions.s/100.0 assertions\\/s/'",
    "test-unit: an error and a failure",
    Truth(
        "test-unit",
        [
            error(
                "ZeroDivisionError",
                "divided by 0",
                "unit_test.rb:13 test_nobody",
                "unit_test.rb:4 per_person",
                "unit_test.rb:4 /",
            ),
            error("Failure", "<3> expected but was\n<4>", "unit_test.rb:9 test_total"),
        ],
    ),
)

# Ruby 3.4

NEW = ["total", "causes", "suggestion"]
if len(sys.argv) > 1:
    for name in NEW:
        script = f"folder=$PWD; cd {sys.argv[1]} && node --no-warnings {HERE}/ruby34.mjs $folder {name}.rb"
        fixtures.run(f"new_{name}", script, "", Truth("", []))
        log = re.sub(r"\n\tfrom (?:eval:\d+:in|-e:in) '[^\n]*", "", fixtures.log(f"new_{name}")).rstrip("\n") + "\n"
        (fixtures.folder / f"new_{name}.txt").write_text(log, encoding="utf-8")
fixtures.keep(
    "new_total",
    None,
    "An unrescued exception in Ruby 3.4",
    Truth(
        "backtrace",
        [
            error(
                "NoMethodError",
                "undefined method 'price' for nil",
                "/srv/shop/total.rb:12 <main>",
                "/srv/shop/total.rb:9 Object#total",
                "/srv/shop/total.rb:9 Array#sum",
                "/srv/shop/total.rb:9 block in Object#total",
                "/srv/shop/total.rb:5 Object#price_of",
            )
        ],
    ),
)
fixtures.keep(
    "new_causes",
    None,
    "Causes in Ruby 3.4",
    Truth(
        "backtrace",
        [
            error(
                "Errno::ENOENT",
                "No such file or directory @ rb_sysopen - missing.yml",
                "/srv/shop/causes.rb:17 <main>",
                "/srv/shop/causes.rb:12 Object#start",
                "/srv/shop/causes.rb:6 Object#read_config",
                "/srv/shop/causes.rb:6 IO.read",
            ),
            error(
                "ConfigError",
                "can't read the configuration",
                "/srv/shop/causes.rb:17 <main>",
                "/srv/shop/causes.rb:12 Object#start",
                "/srv/shop/causes.rb:8 Object#read_config",
            ),
            error(
                "StartError",
                "the shop can't open",
                "/srv/shop/causes.rb:17 <main>",
                "/srv/shop/causes.rb:14 Object#start",
            ),
        ],
    ),
)
fixtures.keep(
    "new_suggestion",
    None,
    "A suggestion in Ruby 3.4",
    Truth(
        "backtrace",
        [
            error(
                "NameError",
                "undefined local variable or method 'precent' for main",
                "/srv/shop/suggestion.rb:6 <main>",
                "/srv/shop/suggestion.rb:3 Object#discount",
            )
        ],
    ),
)

# The same logs as people paste them

fixtures.keep(
    "compose",
    prefixed(fixtures.log("causes"), "worker-1  | "),
    "Causes, as docker compose shows them",
    Truth("backtrace", CAUSES),
)
fixtures.keep(
    "crlf", fixtures.log("uncaught").replace("\n", "\r\n"), "With Windows' line ends", Truth("backtrace", TOTAL)
)
fixtures.keep(
    "pasted",
    fenced(fixtures.log("uncaught"), "Since yesterday the shop doesn't add up any more:", "Error: what do I do?"),
    "In a Markdown fence between two sentences",
    Truth("backtrace", TOTAL),
)
fixtures.keep(
    "wrapped",
    wrapped(fixtures.log("missing_library"), 80),
    "Broken by a terminal of 80 columns",
    fixtures.truths["missing_library"],
)
fixtures.keep(
    "beginning_cut",
    "\n".join(fixtures.log("uncaught").split("\n")[5:]),
    "Only the last callers are there",
    Truth("backtrace", [error("error", "", "total.rb:12 <main>", "total.rb:9 total", "total.rb:9 sum")]),
)
fixtures.keep(
    "two_runs",
    fixtures.log("uncaught") + "$ ruby silent.rb\n" + fixtures.log("no_message"),
    "Two programs, one after the other",
    Truth("backtrace", [*TOTAL, *fixtures.truths["no_message"].errors], root=1),
)

# Logs that are kept as they are

fixtures.keep(
    "upside_down",
    None,
    "The order of Ruby 2.5 to 2.7 on a terminal",
    Truth(
        "backtrace",
        [
            error(
                "NoMethodError",
                "undefined method `price' for nil:NilClass",
                "total.rb:12 <main>",
                "total.rb:9 total",
                "total.rb:9 sum",
                "total.rb:9 each",
                "total.rb:9 block in total",
                "total.rb:5 price_of",
            )
        ],
    ),
)
RAILS = "~/usr/local/bundle/gems"
fixtures.keep(
    "rails",
    None,
    "Rails: a failed request, with its log's marks",
    Truth(
        "rails",
        [
            error(
                "NoMethodError",
                "undefined method `price' for nil:NilClass",
                "app/controllers/carts_controller.rb:5 show",
                "app/models/cart.rb:12 total",
                "app/models/cart.rb:12 sum",
                "app/models/cart.rb:12 block in total",
            )
        ],
    ),
)
fixtures.keep(
    "rails_template",
    None,
    "Rails: an error in a template, and its cause",
    Truth(
        "rails",
        [
            error(
                "ZeroDivisionError",
                "divided by 0",
                "app/views/carts/show.html.erb:2 _app_views_carts_show_html_erb___1234_5678",
                "app/models/cart.rb:21 per_person",
                "app/models/cart.rb:21 /",
            ),
            error(
                "ActionView::Template::Error",
                "divided by 0",
                "app/views/carts/show.html.erb:2 _app_views_carts_show_html_erb___1234_5678",
                "app/models/cart.rb:21 per_person",
                "app/models/cart.rb:21 /",
            ),
        ],
    ),
)
fixtures.keep(
    "sidekiq",
    None,
    "Sidekiq: a job that failed among others",
    Truth(
        "log",
        [
            error(
                "KeyError",
                "key not found: :price",
                f"{RAILS}/sidekiq-7.2.0/lib/sidekiq/processor.rb:185 block (2 levels) in process",
                f"{RAILS}/sidekiq-7.2.0/lib/sidekiq/processor.rb:220 execute_job",
                "/app/app/jobs/import_job.rb:7 perform",
                "/app/app/jobs/import_job.rb:12 fetch",
            )
        ],
    ),
)
fixtures.keep(
    "puma",
    None,
    "Puma: an exception that the program let through",
    Truth(
        "log",
        [
            error(
                "RuntimeError",
                "no prices",
                f"{RAILS}/puma-6.4.0/lib/puma/request.rb:100 handle_request",
                f"{RAILS}/puma-6.4.0/lib/puma/configuration.rb:272 call",
                "config.ru:4 block (2 levels) in <main>",
            )
        ],
    ),
)
fixtures.keep(
    "rails_test",
    None,
    "The tests of Rails, with the commands to run them again",
    Truth(
        "minitest",
        [
            error("Failure", "Expected: 3\n  Actual: 4", "test/models/cart_test.rb:9 CartTest#test_total"),
            error(
                "ZeroDivisionError",
                "divided by 0",
                "test/models/cart_test.rb:13 block in <class:CartTest>",
                "app/models/cart.rb:21 per_person",
                "app/models/cart.rb:21 /",
            ),
        ],
    ),
)
fixtures.keep(
    "bundle_missing",
    None,
    "Bundler: gems that aren't installed",
    Truth(
        "gem",
        [
            error(
                "error",
                "Could not find rack-3.0.8, puma-6.4.0 in locally installed gems\n"
                "Run `bundle install` to install missing gems.",
            )
        ],
        build=True,
    ),
)
fixtures.keep(
    "gem_extension",
    None,
    "RubyGems: an extension that can't be compiled",
    Truth("gem", [error("ERROR", "Failed to build gem native extension.")], build=True),
)
