"""What a file says, whatever its container: bytes to text, text to rows of text, with their physical row numbers."""
