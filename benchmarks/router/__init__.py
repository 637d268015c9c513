"""The router and the usual ways to do without one, on the same questions in the same run."""
