"""Diffs as values: read from git's output, cut down to chosen lines, and made ready to be shown. Pure."""
