"""`python -m signoff` is the command `signoff`."""

import sys

from .cli import main

sys.exit(main())
