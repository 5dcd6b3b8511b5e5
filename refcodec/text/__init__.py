"""What the text of a document says, and its three coded modes (specification section 5)."""
