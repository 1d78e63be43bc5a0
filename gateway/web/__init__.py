"""Pages for a browser on this machine: the demo's start page and the phone on it."""
