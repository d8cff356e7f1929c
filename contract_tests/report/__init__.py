"""From results to a verdict and its documents."""
