"""The search index of all features: from their texts to small files that a browser reads."""
