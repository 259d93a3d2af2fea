"""What `intervene` stands on: interventions as data, and the edits that they become."""
