"""A fleet with everything around it, and what may happen to it while people call."""
