"""Entropy coding: the range coder, apart from the models that drive it."""
