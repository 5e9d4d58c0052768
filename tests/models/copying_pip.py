"""Stands in for `pip download` where a test isn't about pip: copies the one wheel of a package, in a tenth of the time.

The real one looks in the same folder; see the `index` fixture.
"""

import os
import shutil
import sys

name, _, version = sys.argv[-1].replace("-", "_").partition("==")
wheel = f"{name}-{version}-py3-none-any.whl"
shutil.copy(os.path.join(os.environ["PIP_FIND_LINKS"], wheel), sys.argv[sys.argv.index("--dest") + 1])
