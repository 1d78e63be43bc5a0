"""A real PostgreSQL and a real Valkey from wheels, for machines that have neither."""
