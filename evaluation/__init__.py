"""Compare one case, benchmark a labeled folder, cautions, sentences, and the command line."""
