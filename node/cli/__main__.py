"""`python -m node.cli`: the command `yuimaru`."""

from node.cli.main import main

main()
