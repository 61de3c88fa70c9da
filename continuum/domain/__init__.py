"""The frozen values that cross package borders. No input, no output, nothing but the standard library."""
