"""The process that gets the keys of one mount from where they come from."""
