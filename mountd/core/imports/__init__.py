"""What other tools were told, read as mounts: a parser a tool, pure, with a remark for whatever is not taken over."""
