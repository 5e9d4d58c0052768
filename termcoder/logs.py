"""The log file, and what keeps everything but Textual away from the terminal."""

import logging
from pathlib import Path
from typing import BinaryIO

import os
from termcoder import paths


def open_log() -> BinaryIO:
    """Open the log file for appending, readable for its owner only."""
    path = paths.log_file()
    paths.private_dir(path.parent)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab", buffering=0)
