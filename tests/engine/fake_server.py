"""A server that speaks HTTP and says what a test tells it to; it can drop a connection in the middle of an answer."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """What is answered: `pieces` as chunks; then an end, a cut connection (`cuts`), or silence (`hangs`)."""

    status: int = 200
    pieces: Sequence[bytes] = ()
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    cuts: bool = False
    hangs: bool = False


def as_json(value: Any, status: int = 200) -> Reply:
    return Reply(status, [json.dumps(value).encode()])


def error(status: int, message: str) -> Reply:
    return as_json({"error": {"message": message, "type": "Bad", "code": status}}, status)


def events(*values: Any, cuts: bool = False, hangs: bool = False) -> Reply:
    """An event stream; "[DONE]" comes at the end of one that ends."""
    pieces = [f"data: {json.dumps(value)}\n\n".encode() for value in values]
    done = [] if cuts or hangs else [b"data: [DONE]\n\n"]
    return Reply(200, pieces + done, (("Content-Type", "text/event-stream"),), cuts, hangs)


def piece(text: str = "", finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}


def usage(prompt: int, completion: int, cached: int | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion}
    told["total_tokens"] = prompt + completion
    if cached is not None:
        told["prompt_tokens_details"] = {"cached_tokens": cached}
    return piece() | {"choices": [], "usage": told}


def models(*names: str, **fields: Any) -> Reply:
    return as_json({"object": "list", "data": [{"id": name, "object": "model", **fields} for name in names]})


@dataclass
class FakeServer:
    """`replies` maps paths to a reply, or to a function of the call; other paths are 404."""

    replies: dict[str, Reply | Callable[[Call], Reply]]
    calls: list[Call] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client went away while the server was silent."""
    address: str = ""
    open: set[asyncio.WriteTransport] = field(default_factory=set)

    def calls_of(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path]

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["FakeServer"]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for transport in self.open:
                transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer.transport)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while (call := await _read(reader)) is not None:
                self.calls.append(call)
                reply = self.replies.get(call.path, error(404, "Not Found"))
                if not await self._send(writer, reader, reply(call) if callable(reply) else reply):
                    break
        self.open.discard(writer.transport)
        writer.close()

    async def _send(self, writer: asyncio.StreamWriter, reader: asyncio.StreamReader, reply: Reply) -> bool:
        """Whether the connection goes on."""
        lines = [f"HTTP/1.1 {reply.status} Whatever", "Transfer-Encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        for each in reply.pieces:
            writer.write(f"{len(each):x}\r\n".encode() + each + b"\r\n")
        await writer.drain()
        if reply.hangs:
            await reader.read()
            self.left.set()
        if reply.cuts or reply.hangs:
            writer.transport.abort()
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


async def _read(reader: asyncio.StreamReader) -> Call | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Call(method, path, headers, json.loads(body) if body else None)
