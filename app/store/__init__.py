"""Every query, one module per word of the domain."""
