"""Benchmarks: every figure in a document is printed by one of these."""
