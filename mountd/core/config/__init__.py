"""The configuration: text of files becomes a ``Desired``, or every fault with its line. Begin in ``reading``."""
