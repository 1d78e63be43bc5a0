"""The `crs` command."""
