"""What the training of dictionaries stands on: activations, sequences, one stack, checkpoints."""
