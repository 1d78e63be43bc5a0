"""The demo: real sites, synthetic people, an operator that is not there, all through the real doors."""
