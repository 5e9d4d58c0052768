"""Engines: what turns messages into text. `base` is the contract, the rest are backends."""
