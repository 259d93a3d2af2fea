"""What curators write (circuits, features, models, resources) and what follows. No torch."""
