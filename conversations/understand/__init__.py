"""What people type, read as values: refuses rather than guesses."""
