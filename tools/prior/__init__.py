"""Fitting and measuring priors."""
