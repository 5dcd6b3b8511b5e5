"""The conformance suite of the `.sem` format: vectors, manifest and runner.

Installed as `semconform`. It imports nothing of the reference codec.
"""
