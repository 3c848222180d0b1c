"""What an administrator does for the company and its people."""
