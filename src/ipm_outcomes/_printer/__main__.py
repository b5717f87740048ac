"""``python -m ipm_outcomes._printer`` prints what differs; with ``--check`` it only names it."""

import sys

from ipm_outcomes._printer import main

sys.exit(main(sys.argv[1:]))
