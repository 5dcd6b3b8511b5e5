"""Training of the thumbnail codec's network."""
