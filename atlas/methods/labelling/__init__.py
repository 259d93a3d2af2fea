"""Labels that no person gave: chosen on one half of a text, scored on the other."""
