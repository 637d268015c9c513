"""A fleet with everything around it, real where it can be, and what may happen to it under calls."""
