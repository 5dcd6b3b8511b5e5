"""Fitting of the thumbnail codec's static tables."""
