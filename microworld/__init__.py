"""A small language with known latents and the model that was trained on it."""
