"""What a file says in pixels: thumbnail, maps and the baseline rendering."""
