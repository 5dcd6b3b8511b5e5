"""The data files of the specification, installed so that the codec reads the same registry."""
