"""Tools of the project, run from a checkout: none is installed."""
