"""One grid from nothing to Parquet on disk, a fresh process each: rnnlab's command, JAX and PyTorch scripts."""
