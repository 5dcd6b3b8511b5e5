"""The limits of the specification (section 9): what an encoder may write at most.

A decoder accepts all of it and refuses anything beyond, before it allocates memory or
loads a model.
"""

FILE_MAX_BYTES = 1 << 20
TEXT_MAX_BYTES = 65_535
CANVAS_MAX_SIDE = 65_535
ITEMS_MAX = 15
THUMBNAIL_MAX_BYTES = 4_096
MAP_MIN_SIDE = 4
MAP_MAX_SIDE = 64
METADATA_MAX_BYTES = 65_535
SEED_MAX = (1 << 64) - 1
# A number of the registry: exact in JSON, and in the integers of every language.
NUMBER_MAX = (1 << 32) - 1
# What every baseline renderer draws; a larger canvas it may refuse.
RENDER_MAX_PIXELS = 1 << 26
