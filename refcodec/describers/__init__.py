"""Pictures to words: who describes a picture, who finds its items, and the prompts for it."""
