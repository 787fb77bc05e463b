"""Rank correlation, of benches that calibrate the QA score."""
import numpy as np


def ranks(values):
    """From 1; equals share the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[where]


def spearman(left, right):
    """Not a number where all are equal: spill alone leaves alpha as it is."""
    if len(set(left)) < 2 or len(set(right)) < 2:
        return float("nan")
    return float(np.corrcoef(ranks(left), ranks(right))[0, 1])
