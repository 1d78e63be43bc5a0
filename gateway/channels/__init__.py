"""One file per way in and out; a channel knows nothing of the others."""
