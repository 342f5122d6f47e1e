"""`python -m ferpipe` is the command `ferpipe`."""

import sys

from ferpipe.cli import main

sys.exit(main())
