"""Git: what has changed in a repository, and the user's changes to its index and history."""
