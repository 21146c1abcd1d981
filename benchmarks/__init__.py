"""Measurements of what has a goal: `make bench` runs them all and writes build/bench.json."""
