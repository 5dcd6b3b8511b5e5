"""Fitting the network of the maps' codec, and the maps that it is fitted to and measured on."""
