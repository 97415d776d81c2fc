"""Compare one case, statistics, cautions, and the command line."""
