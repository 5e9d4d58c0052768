"""Run as a process of its own: lists or downloads the files of a Hugging Face Hub repository.

Apart from the program because the program's own process is told to stay offline once an engine has started, and
because a process can be stopped at any moment. It stands alone: it imports nothing of termcoder.

Standard input: {"repo", "revision", "files": [{"name", "size"}], "folder"}; without files it lists. Standard output:
{"commit", "files": [{"name", "size", "sha256", "blob"}]}, {} after a download, or {"error": KIND, "message"}.
"""

import json
import sys
from pathlib import Path
from typing import Any

WAIT_SECONDS = 20.0
CHUNK = 1 << 18


def main() -> None:
    """Do what standard input asks for."""
    job = json.load(sys.stdin)
    try:
        answer = download(job) if job["files"] else listing(job)
    except Exception as error:
        answer = {"error": kind_of(error), "message": str(error).splitlines()[0] if str(error) else repr(error)}
    json.dump(answer, sys.stdout)


def listing(job: dict[str, Any]) -> dict[str, Any]:
    """The commit that the revision means now, and the repository's files."""
    from huggingface_hub import HfApi

    info = HfApi().model_info(job["repo"], revision=job["revision"], files_metadata=True, timeout=WAIT_SECONDS)
    files = [
        {
            "name": file.rfilename,
            "size": file.size or 0,
            "sha256": file.lfs.sha256 if file.lfs else "",
            "blob": file.blob_id,
        }
        for file in info.siblings or []
    ]
    return {"commit": info.sha or job["revision"], "files": files}


def download(job: dict[str, Any]) -> dict[str, Any]:
    """Fetch each file to `folder`/NAME.incomplete, going on where an earlier run stopped."""
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.file_download import http_get  # the public download keeps nothing of an interrupted file
    from huggingface_hub.utils._headers import build_hf_headers

    constants.DOWNLOAD_CHUNK_SIZE = CHUNK  # what is written, and so kept and seen, at a time: 10 MB otherwise
    for wanted in job["files"]:
        url = hf_hub_url(job["repo"], wanted["name"], revision=job["revision"])
        path = Path(job["folder"], f"{wanted['name']}.incomplete")
        path.touch()
        with path.open("r+b") as file:
            there = file.seek(0, 2)
            http_get(url, file, resume_size=there, expected_size=wanted["size"], headers=build_hf_headers())
    return {}


def kind_of(error: Exception) -> str:
    """What the program makes of it: "missing", "gated", "full" (the disk), "network" or "other"."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return "gated"
    if isinstance(error, (errors.RepositoryNotFoundError, errors.RevisionNotFoundError)):
        return "missing"
    if isinstance(error, OSError) and error.errno in (28, 122):
        return "full"
    names = {kind.__name__ for kind in type(error).__mro__}
    return "network" if names & {"TransportError", "ConnectionError", "TimeoutException", "TimeoutError"} else "other"


if __name__ == "__main__":
    main()
