"""The prompt templates, one text file a version; the registry binds numbers to them."""
