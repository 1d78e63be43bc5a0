"""Every socket: channels, the sender, web pages, settings, the composition root, the `crs` command."""
