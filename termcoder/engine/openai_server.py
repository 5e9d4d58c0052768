"""What the `openai` backend knows of servers: their addresses, their errors, how long prompts are."""

import asyncio
import importlib
import ipaddress
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from termcoder.conversation import Message
from termcoder.errors import ContextOverflowError, EngineDiedError, EngineError, EngineStartError, RequestError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CONNECT_SECONDS = 10.0
NO_KEY = "none"  # what servers without keys are sent: the client insists on one

_OVERFLOW_MARKS = ("context length", "context_length", "maximum context", "context size", "max_model_len")
_UNREACHED_STATUS = frozenset({502, 503, 504})
_SAID_LENGTH = 300
_BYTES_PER_TOKEN = 3.6  # of code and English under current tokenizers, until a server has told better
_MESSAGE_TOKENS = 4


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is. `base` ends in the API's version ("/v1"), `root` doesn't; `shown` has no password."""

    base: str
    root: str
    shown: str
    host: str

    @property
    def is_this_machine(self) -> bool:
        """Whether nothing said to the server leaves this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")


def address_of(url: str) -> Address:
    """Read a server's URL as users write it, with or without "/v1". Raises EngineStartError."""
    try:
        parts = urlsplit(url.strip())
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        shown = f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
    except ValueError:
        valid = False
    if not valid:
        raise EngineStartError(
            "The address of the server (engine.url) is missing or not one.",
            remedy='Set it to the server\'s URL, such as "http://localhost:8000/v1".',
        )
    path = parts.path.rstrip("/") or "/v1"
    base = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    return Address(base, base.removesuffix("/v1"), shown + path, parts.hostname or "")


class PromptEstimator:
    """Guesses the tokens of a prompt from its bytes, and learns the rate from every prompt whose tokens are told."""

    def __init__(self) -> None:
        self._rate = 1.0

    def estimate(self, messages: Sequence[Message]) -> int:
        """Tokens these messages probably take."""
        return round(_raw_estimate(messages) * self._rate)

    def learn(self, messages: Sequence[Message], tokens: int) -> None:
        """Take over that these messages took `tokens`."""
        if tokens > 0:
            self._rate = tokens / _raw_estimate(messages)


def _raw_estimate(messages: Sequence[Message]) -> float:
    size = sum(len(message.content.encode("utf-8", "replace")) for message in messages)
    return size / _BYTES_PER_TOKEN + _MESSAGE_TOKENS * (len(messages) + 1)


class Stopwatch:
    """Times an answer: the wait for its first piece, and from there to its last."""

    def __init__(self) -> None:
        self._begin = self._first = self._last = time.monotonic()
        self.ticks = 0

    def tick(self) -> None:
        """A piece has come."""
        self._last = time.monotonic()
        self._first = self._last if self.ticks == 0 else self._first
        self.ticks += 1

    @property
    def wait(self) -> float:
        """Seconds before the first piece."""
        return self._first - self._begin

    @property
    def seconds(self) -> float:
        """Seconds from the first piece to the last."""
        return self._last - self._first


@dataclass(frozen=True, slots=True)
class ErrorReader:
    """Turns what the client raises into engine errors that say what to do, and never hold the key."""

    address: Address
    key_variable: str
    key: str
    model: str = ""

    def read(self, error: Exception) -> EngineError:
        """The engine error for `error`."""
        import openai

        if isinstance(error, openai.APIStatusError):
            return self._of_status(error.status_code, self.said(error), overflows(error))
        if isinstance(error, openai.APIConnectionError):
            return self._unreachable(error)
        if isinstance(error, openai.APIError):
            return self._of_event(error)
        return RequestError(f"What {self.address.shown} answered can't be read ({type(error).__name__}).")

    def said(self, error: Exception) -> str:
        """What the server said, short, on one line, without the key."""
        body: Any = getattr(error, "body", None)
        inner = body.get("error", body) if isinstance(body, dict) else None
        text = str(inner.get("message", "")) if isinstance(inner, dict) else ""
        text = printable(text or str(getattr(error, "message", error)))
        return (text.replace(self.key, "[key]") if self.key else text)[:_SAID_LENGTH].rstrip(".")

    def _of_status(self, status: int, said: str, overflow: bool) -> EngineError:
        if status in (401, 403):
            return self._refused()
        if status == 404:
            what = f"no model {self.model!r} to chat with" if self.model else "no OpenAI-compatible API"
            return RequestError(
                f"{self.address.shown} has {what}: {said}.",
                remedy="Set engine.url and model.name to what the server offers.",
            )
        if status in _UNREACHED_STATUS:
            return EngineDiedError(f"{self.address.shown} is not available (HTTP {status}).", remedy=self._restart)
        if overflow:
            return ContextOverflowError(
                f"The prompt is longer than the context of {self.model!r}: {said}.",
                remedy="Attach less, or start a new session.",
            )
        if status == 429:
            return RequestError(f"{self.address.shown} takes no more requests now: {said}.", remedy="Try again later.")
        return RequestError(f"{self.address.shown} refused the request (HTTP {status}): {said}.")

    def _of_event(self, error: Exception) -> EngineError:
        """An error that came in place of the rest of an answer."""
        code = str(getattr(error, "code", ""))
        if code.isdigit() and 400 <= int(code) < 500:
            return self._of_status(int(code), self.said(error), overflows(error))
        return EngineDiedError(f"{self.address.shown} broke off the answer: {self.said(error)}.", remedy=self._restart)

    def _refused(self) -> RequestError:
        if self.key:
            return RequestError(
                f"{self.address.shown} does not accept the key in {self.key_variable}.",
                remedy=f"Set the variable {self.key_variable} to a key of that server.",
            )
        return RequestError(
            f"{self.address.shown} asks for a key and the variable {self.key_variable} is not set.",
            remedy=f"Set {self.key_variable} to the server's key.",
        )

    def _unreachable(self, error: Exception) -> EngineDiedError:
        cause = error.__cause__
        reason = (
            f" ({printable(str(cause))})".replace(self.key or "\0", "[key]") if cause is not None and str(cause) else ""
        )
        return EngineDiedError(f"{self.address.shown} is not reachable{reason}.", remedy=self._restart)

    @property
    def _restart(self) -> str:
        return "Check that the server runs there, then start the engine again."


def printable(text: str) -> str:
    """`text` on one line, without characters that could steer a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def overflows(error: Exception) -> bool:
    """Whether the server refused a request because it doesn't fit its context."""
    text = f"{getattr(error, 'code', '')} {getattr(error, 'body', '')} {error}".lower()
    return any(mark in text for mark in _OVERFLOW_MARKS)


async def load_client() -> None:
    """Import the client, off the event loop. Raises EngineStartError."""
    try:
        await asyncio.to_thread(importlib.import_module, "openai")
    except ImportError as error:
        raise EngineStartError(
            f"The client for servers can't be loaded ({error}).", remedy='Install "termcoder[remote]".'
        ) from error


def client_of(address: Address, key_variable: str, key: str) -> "AsyncOpenAI":
    """A client of the server that connects to nothing else. Close it after use. Raises EngineStartError."""
    import openai

    if not (key.isascii() and key.isprintable()):
        raise EngineStartError(
            f"The variable {key_variable} holds no key: it has characters that no key has.", remedy="Set it anew."
        )
    timeout = openai.Timeout(None, connect=CONNECT_SECONDS)
    try:
        through_proxies = not address.is_this_machine  # else a proxy would read what was to stay here
        transport = openai.DefaultAsyncHttpxClient(timeout=timeout, follow_redirects=False, trust_env=through_proxies)
    except (ImportError, ValueError, OSError) as error:  # a SOCKS proxy, a wrong proxy, a missing certificate file
        raise EngineStartError(
            f"The connection can't be prepared: {' '.join(str(error).split())}.",
            remedy="Correct the proxy and certificate variables of the environment.",
        ) from error
    client = openai.AsyncOpenAI(
        api_key=key or NO_KEY,
        admin_api_key="",
        webhook_secret="",
        base_url=address.base,
        timeout=timeout,
        max_retries=0,
        http_client=transport,
    )
    client.organization = client.project = None
    return client


def pick_model(models: Sequence[Mapping[str, Any]], wanted: str, server: str) -> tuple[str, int]:
    """The name and context size (0: unknown) of the wanted model, or of the first. Raises EngineStartError."""
    found = next((model for model in models if wanted in ("", model.get("id"))), None)
    if found is None:
        offered = ", ".join(printable(str(model.get("id"))) for model in models[:5])
        raise EngineStartError(
            f"{server} has no model {wanted!r}." if wanted else f"{server} offers no model.",
            remedy=f"It offers: {offered}." if models else "Load a model there.",
        )
    context = found.get("max_model_len")
    return str(found["id"]), context if isinstance(context, int) else 0


def plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as the API takes them."""
    return [{"role": message.role.value, "content": message.content} for message in messages]


def response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The request's part that binds an answer to a schema."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema), "strict": True}}


async def counts_tokens(client: "AsyncOpenAI", address: Address, model: str) -> bool:
    """Whether the server counts a prompt's tokens."""
    import openai

    try:
        return await tokenized(client, address, model, [{"role": "user", "content": "?"}]) > 0
    except (openai.APIStatusError, ValueError):
        return False


async def tokenized(client: "AsyncOpenAI", address: Address, model: str, messages: list[dict[str, str]]) -> int:
    """Tokens of a prompt by vLLM's `/tokenize`, which stands beside "/v1". Raises ValueError for another answer."""
    url = f"{address.root}/tokenize"
    body = {"model": model, "messages": messages}
    answer: Any = await client.post(url, cast_to=object, body=body)
    count = answer.get("count") if isinstance(answer, dict) else None
    if not isinstance(count, int):
        raise ValueError("no count of tokens")
    return count
