"""Reviewing: hunks become questions, answers become findings that are anchored, doubted and checked."""
