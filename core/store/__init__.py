"""The only SQL: tables, one book per noun, the unit of work, migrations."""
