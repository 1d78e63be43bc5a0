"""What happens without anybody asking: RQ jobs and their schedule."""
