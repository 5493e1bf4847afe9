"""The command `yuimaru`: the composition root, a file per noun. The only importer of `oracle` and `adapters`."""
