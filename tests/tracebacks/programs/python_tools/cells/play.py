"""Runs the cells of a file in IPython, each as a notebook would, and stops at the first that fails."""

import sys

from IPython.core.interactiveshell import InteractiveShell
from IPython.terminal.interactiveshell import TerminalInteractiveShell

shell = TerminalInteractiveShell.instance(colors=sys.argv[3], xmode=sys.argv[2], simple_prompt=True)
with open(sys.argv[1]) as file:
    cells = file.read().split("# cell\n")
for cell in cells:
    result = InteractiveShell.run_cell(shell, cell.strip("\n") + "\n", store_history=True)
    if not result.success:
        break
