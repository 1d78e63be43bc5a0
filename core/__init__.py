"""What is true: registrations, sites, calendars, slots, invitations, reservations; no I/O outside `core.store`."""
