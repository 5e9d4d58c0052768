"""Fetching a model must leave the program able to start the engine."""

import subprocess
import sys


def test_looking_for_pip_leaves_setuptools_importable() -> None:
    code = "from termcoder.models import packages; packages._pip(); import setuptools"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
