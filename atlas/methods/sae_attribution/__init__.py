"""What `attribute_saes` stands on."""
