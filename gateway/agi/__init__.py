"""FastAGI: how Asterisk lets another program lead a call (lines of text over TCP, we are the server)."""
