"""Timings, run from a checkout: ``python -m benchmarks.click`` and the others."""
