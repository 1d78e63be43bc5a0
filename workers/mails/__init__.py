"""Letters by e-mail: their words, the paper and the calendar file that go with them, and the post."""
