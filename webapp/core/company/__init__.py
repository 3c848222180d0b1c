"""What an administrator does for the company as a whole."""
