"""Kernels: arrays, scalars and integer codes in, arrays filled. No random numbers, no I/O, no exceptions."""
