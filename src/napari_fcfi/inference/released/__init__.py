"""Prediction exactly as the authors' published programs do it, defects included.

One step of the State machine, taken where the settings say ``protocol="released"``. Whole numbers,
rounding and thresholds follow those programs; docs/protocols.md lists what the clean protocol does
instead. FCFI's and RITM's programs differ, and each network is treated by its own.
"""
