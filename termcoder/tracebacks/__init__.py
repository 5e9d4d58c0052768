"""Reads error logs: text in, a `Report` out. Pure, needs no model, and never raises."""

from termcoder.tracebacks.reading import parse
from termcoder.tracebacks.report import Certainty, Failure, Frame, LoggedError, Relation, Report

__all__ = ["Certainty", "Failure", "Frame", "LoggedError", "Relation", "Report", "parse"]
