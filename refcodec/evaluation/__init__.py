"""How good reconstructions are: measures, tables, plots and a report."""
