"""Documents to pictures: who draws what a file says."""
