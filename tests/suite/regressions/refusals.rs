//! Refusals of vendors: which are retried, and which end an interface or the run.
