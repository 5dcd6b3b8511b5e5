"""Pictures in: reading files of many formats, and describing what can be measured."""
