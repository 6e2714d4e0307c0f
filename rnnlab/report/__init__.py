"""One HTML file that shows an experiment to a browser and needs no network: `write`."""

from rnnlab.report.writing import Written, write

__all__ = ["Written", "write"]
