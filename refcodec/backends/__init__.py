"""Models that are talked to: OpenAI-compatible services, and models in this process."""
