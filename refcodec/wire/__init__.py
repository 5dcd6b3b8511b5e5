"""Bytes and chunks (specification sections 2 to 4): no model, no meaning."""
