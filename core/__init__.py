"""What is true: registrations, sites, calendars, slots, reservations; no I/O outside `core.store`."""
