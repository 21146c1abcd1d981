"""What other authorities say, taken up by rule: as drafts for a person, or through an approved starter."""
