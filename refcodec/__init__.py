"""refcodec, the reference codec of `.sem`: pictures stored as meaning."""
