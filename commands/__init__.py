"""The command line: one file per subcommand, named as the verb. Nothing heavy is imported before it is needed."""
