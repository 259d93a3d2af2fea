"""What curators write: circuits, features, models, resources, and what follows from them. No torch."""
