"""(model, prompt, settings) to plain data: one file per published method."""
