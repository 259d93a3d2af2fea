"""One file per behaviour: what its sentences look like, their latents and what is held out."""
