"""What the verbs do, a module a verb; their options stand in `ferpipe_train.cli`."""
