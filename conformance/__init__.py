"""The conformance suite of the `.sem` format: vectors, manifest and runner.

Installed as `semconform`. The runner imports nothing of the reference codec.
"""
