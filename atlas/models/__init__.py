"""Things with weights: language models, dictionaries, the replacement model."""
