"""`make demo`: a whole room on this machine, from submitting jobs to the bill, and proof that it is true."""
