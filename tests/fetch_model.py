"""Fetch a model that tests run for real: `python -m tests.fetch_model NAME`, into TERMCODER_TEST_CACHE/models."""

import os
import sys
from pathlib import Path

from termcoder import cli, paths
from termcoder.models.store import RECORD


def main(name: str) -> int:
    """Fetch it through termcoder's own command where it is missing. Returns the exit code."""
    cache = Path(os.environ["TERMCODER_TEST_CACHE"]).resolve()
    if (cache / "models" / name / RECORD).exists():
        return 0
    paths.cache_dir = lambda: cache  # the user's own models stay apart
    return cli.main(["models", "pull", name])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
