"""What the hand outside can do with the world: the verbs of the control door, by subject."""
