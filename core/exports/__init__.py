"""What everybody may have: files in the ministry's open-data schemas, and free slots by SMART links."""
