"""boilerstrip inside other packages: one small module each, which imports its package only when it is itself imported."""
