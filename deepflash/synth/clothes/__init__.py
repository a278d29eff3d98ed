"""What people wear on neck, shoulders and chest."""
