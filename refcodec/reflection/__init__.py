"""Looking again: what a drawn picture has lost or made up, and what to do about it."""
