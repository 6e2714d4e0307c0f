"""rnnlab beside NumPy, PyTorch and JAX, in the same run on the same arrays: `python -m benchmarks`."""
