"""A conversation of twenty turns, each of which tells one thing about a project, beside a question about code.

The things stand where people put them: before the question, inside it, behind it, in passing, once in German. The
answers are those of a careful colleague, so that every model and every way of remembering begins with the same history.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """One turn. `asked`: a question that only who remembers it can answer; `value`: what the answer must have in it."""

    question: str
    answer: str
    asked: str
    value: str


TALK: tuple[Told, ...] = (
    Told(
        "We begin a new service, its name is harbourmaster. How should I lay out the package?",
        """\
Keep the code in a `src` folder, so that tests run against what is installed:

```text
src/
  app/__init__.py
  app/api.py
  app/store.py
  app/settings.py
tests/
pyproject.toml
```

One module a concern is enough at first: routes in `api.py`, queries in `store.py`, and reading of the
environment in `settings.py`. Split a module when it has more than a few hundred lines.""",
        "What is the name of our service?",
        "harbourmaster",
    ),
    Told(
        "It listens on port 8443. Show me how to read a port from the environment, with a default.",
        """\
Read it once, when the program starts, and fail early if it is no number:

```python
import os


def port(default: int) -> int:
    text = os.environ.get("APP_PORT", "")
    if not text:
        return default
    if not text.isdigit():
        raise SystemExit(f"APP_PORT is no number: {text!r}")
    return int(text)
```

A wrong value is told at the start and not at the first request.""",
        "On which port does our service listen?",
        "8443",
    ),
    Told(
        "The PostgreSQL database is called tide_prod. How do I open a pool with asyncpg?",
        """\
Open the pool when the program starts and close it when it ends:

```python
import asyncpg


async def open_pool(dsn: str) -> asyncpg.Pool:
    return await asyncpg.create_pool(dsn, min_size=2, max_size=10, command_timeout=30)
```

Take a connection with `async with pool.acquire() as connection:`; it goes back by itself. Don't make a pool for
each request: opening connections is what costs time.""",
        "What is our PostgreSQL database called?",
        "tide_prod",
    ),
    Told(
        "Ops and I agreed on at most 7 retries, never more. Write a decorator that tries a function again.",
        """\
With a growing pause between the tries:

```python
import functools
import time


def retried(times, pause=0.2):
    def wrap(function):
        @functools.wraps(function)
        def call(*args, **named):
            for n in range(times):
                try:
                    return function(*args, **named)
                except OSError:
                    time.sleep(pause * 2**n)
            return function(*args, **named)
        return call
    return wrap
```

Only errors that may pass are caught.""",
        "How many retries are allowed at most?",
        "7",
    ),
    Told(
        "How do I write a CODEOWNERS line? Ingrid owns the billing module, by the way.",
        """\
A pattern, then one owner or several, with an at sign:

```text
# .github/CODEOWNERS
/src/app/       @backend-team
/docs/          @writers
*.sql           @data-team
```

The last pattern that matches a file counts, so put the general ones first. An owner needs write access to the
repository, else the line is ignored without a word.""",
        "Who owns the billing module?",
        "Ingrid",
    ),
    Told(
        "Since our message queue is named pier-events, how would I read from it with pika?",
        """\
Declare it, and acknowledge a message only when the work is done:

```python
def consume(channel, queue, work):
    channel.queue_declare(queue, durable=True)
    channel.basic_qos(prefetch_count=1)

    def on_message(ch, method, properties, body):
        work(body)
        ch.basic_ack(method.delivery_tag)

    channel.basic_consume(queue, on_message)
    channel.start_consuming()
```

With `prefetch_count=1` a slow worker gets no heap of messages.""",
        "What is our message queue named?",
        "pier-events",
    ),
    Told(
        "We decided against Redis and use Valkey as the cache. Show me a get-or-compute helper.",
        """\
One function is enough:

```python
import json


def cached(client, key, seconds, compute):
    stored = client.get(key)
    if stored is not None:
        return json.loads(stored)
    value = compute()
    client.set(key, json.dumps(value), ex=seconds)
    return value
```

Two callers may compute the same value at once; if that is expensive, take a lock with `set(..., nx=True)`
around the computing.""",
        "What do we use as the cache?",
        "Valkey",
    ),
    Told(
        """\
Upstream calls time out after 45 seconds. Why does this ignore a timeout?

```python
requests.get(url, stream=True)
```""",
        """\
Because none is given: without `timeout`, `requests` waits for ever. Give one for the connection and one for
each read:

```python
with requests.get(url, stream=True, timeout=(5, seconds)) as response:
    for chunk in response.iter_content(65536):
        handle(chunk)
```

The second number is the pause between two pieces, not the whole time. For a limit on the whole, keep the clock
yourself.""",
        "After how many seconds do upstream calls time out?",
        "45",
    ),
    Told(
        "How do I rotate a log file? Ours is /var/log/harbour/app.jsonl.",
        """\
Let logrotate do it, and let the program open the file again:

```text
/path/of/the/log {
    daily
    rotate 14
    compress
    delaycompress
    missingok
    copytruncate
}
```

`copytruncate` needs no signal but may lose a line; with Python's `WatchedFileHandler` you can leave it out,
because that handler notices that the file was moved away.""",
        "Where is our log file?",
        "/var/log/harbour/app.jsonl",
    ),
    Told(
        "What does git rebase --onto do? Our release branch is release/osprey.",
        """\
It moves a part of a branch to another base:

```sh
git rebase --onto new-base old-base topic
```

Takes the commits that are in `topic` and not in `old-base`, and puts them on `new-base`. That is what you want
when a topic was begun on another topic which has been merged with a squash. `git rebase --abort` takes all of
it back while it runs.""",
        "What is our release branch?",
        "osprey",
    ),
    Told(
        "Please remember: the staging host is stg-14.harbour.example. Write a health check with curl.",
        """\
Fail on HTTP errors and don't wait for ever:

```sh
healthy() {
    curl --fail --silent --show-error --max-time 5 \\
        "https://$1/health" > /dev/null
}

healthy "$HOST" || echo "down" >&2
```

`--fail` makes the exit code 22 for a status of 400 or more. For a container's health check, leave out `--show-
error`, since its output is stored each time.""",
        "What is the staging host?",
        "stg-14",
    ),
    Told(
        "Die Währung ist immer CHF, auch in den Tests. Wie runde ich ein Decimal richtig?",
        """\
Mit `quantize`, und die Art des Rundens ausdrücklich genannt:

```python
from decimal import ROUND_HALF_UP, Decimal


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
```

Ohne Angabe rundet Python zur geraden Ziffer. Für Beträge, die bar bezahlt werden, wird oft auf fünf Rappen
gerundet: durch 0.05 teilen, runden, malnehmen.""",
        "Which currency do we use?",
        "CHF",
    ),
    Told(
        "Write an enum of roles: viewer, editor, and our admin role, which is spelled quaymaster.",
        """\
A `StrEnum` compares with plain texts, as they come from a token:

```python
from enum import StrEnum, auto


class Role(StrEnum):
    VIEWER = auto()
    EDITOR = auto()
    ADMIN = auto()


def may_write(role: Role) -> bool:
    return role is not Role.VIEWER
```

Give the third member the spelling you use as its value. Keep what a role may do in functions like `may_write`,
not in the places that ask.""",
        "How is our admin role spelled?",
        "quaymaster",
    ),
    Told(
        "We ship every Thursday. What's the cron expression for half past six in the morning?",
        """\
Minute, hour, day of the month, month, day of the week:

```text
30 6 * * *   every day at 06:30
30 6 * * 1-5 on working days
30 6 1 * *   on the first of each month
```

Days of the week count from Sunday, which is 0. Cron uses the machine's time zone; in a container that is mostly
UTC. Where both day fields are set, either of them is enough.""",
        "On which day of the week do we ship?",
        "Thursday",
    ),
    Told(
        "Uploads: 25 MB is the maximum. How do I check that in Starlette before reading it all?",
        """\
Look at the header first, then count while you read, because the header may lie:

```python
async def body(request, limit):
    if int(request.headers.get("content-length", 0)) > limit:
        raise HTTPException(413)
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise HTTPException(413)
    return bytes(data)
```

The proxy in front should have the same limit.""",
        "What is the maximum size of an upload?",
        "25",
    ),
    Told(
        "The flag FF_NIGHT_TIDE has to stay off until March. How do I read flags from the environment?",
        """\
Be strict about what counts as on:

```python
import os

ON = {"1", "true", "yes", "on"}


def flag(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in ON
```

Read all flags into one frozen dataclass when the program starts: then tests can make one by hand, and nobody
looks the environment up in the middle of a request.""",
        "Which feature flag has to stay off until March?",
        "FF_NIGHT_TIDE",
    ),
    Told(
        "Set up ruff for me, our lines may have 96 characters.",
        """\
In `pyproject.toml`, with the rules that find real mistakes:

```toml
[tool.ruff.lint]
select = ["E", "F", "I", "B", "UP", "SIM", "RUF"]

[tool.ruff.format]
docstring-code-format = true
```

Add `line-length` in `[tool.ruff]`. Run `ruff check --fix` and `ruff format` in a commit of their own, and name
that commit in `.git-blame-ignore-revs`, so that blame looks past it.""",
        "How many characters may a line have?",
        "96",
    ),
    Told(
        "Our public API is at version v5 now, v4 is gone. What's a good way to retire an endpoint?",
        """\
Announce it, measure, then remove:

```python
def gone(request):
    return JSONResponse(
        {"error": "This endpoint was removed."},
        status_code=410,
        headers={"Link": '</docs/moving>; rel="help"'},
    )
```

Before that, send `Deprecation` and `Sunset` headers for some weeks and count who still calls it. 410 tells
clients that it won't come back; 404 could be a mistake.""",
        "At which version is our public API?",
        "v5",
    ),
    Told(
        "How do I encrypt a backup with age? Our key is named backup-kestrel.",
        """\
With the recipient's public key, straight from the dump:

```sh
pg_dump --format=custom "$DB" |
    age --recipients-file keys.pub > "dump-$(date +%F).age"
```

The machine that makes backups needs the public key only, so nobody who breaks in there can read old ones. Try
`age --decrypt` once a month on another machine: a backup that was never read back is a hope.""",
        "What is the name of our backup key?",
        "kestrel",
    ),
    Told(
        "In tests, the user's id is always 90210. Write a pytest fixture for a user.",
        """\
A fixture that makes one, with the fields a test wants to change as arguments:

```python
@pytest.fixture
def make_user():
    def make(**changes):
        values = {"id": TEST_ID, "name": "Test", "role": "viewer"}
        return User(**(values | changes))
    return make
```

Tests say only what matters to them: `make_user(role="editor")`. Put it into `conftest.py`, so that every folder
of tests finds it.""",
        "Which id does the user in tests have?",
        "90210",
    ),
)

ALL_AT_ONCE = (
    "Write down everything I told you about our project, one line for each, with the value: name of the "
    "service, port, database, retries, owner of billing, message queue, cache, timeout, log file, release "
    "branch, staging host, currency, admin role, day we ship, upload limit, feature flag, line length, API "
    "version, backup key, test user id."
)
"""Needs all twenty at once."""
