"""The running program: command line, settings, composition, intake, dispatcher, sender, clock ticks."""
