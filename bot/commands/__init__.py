"""The command line's families, one module each; imported when their command is given, so that help comes at once."""
