"""What callers tell that nobody may keep, and the search for it in everything that is kept."""
