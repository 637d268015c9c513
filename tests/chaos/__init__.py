"""Who is killed (kill -9) loses nothing that was acknowledged, and doubles nothing."""
