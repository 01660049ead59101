"""What comes of what was said: commands in answers, and whether findings were mended."""
