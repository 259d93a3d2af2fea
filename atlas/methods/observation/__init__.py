"""What `observe` stands on: where features are active, and what their decoders say."""
