"""The small programs that made the conformance vectors; run as `python -m conformance.make`.

Each function makes one file, valid or with one intended fault, and names the clause of the
specification that it tests. Files are put together from bytes, and expected documents are
written down by hand; only the samples of thumbnails, range-coded payloads and the pixels of
renderings come from the reference codec.
"""
