"""Telling the user's own code from libraries by a path alone, as it is written in a log."""

import re
from functools import lru_cache

_FOLDERS = re.compile(
    r"""(?:^|[/\\])(?:
        site-packages | dist-packages | node_modules | bower_components | lib[/\\]python\d(?:\.\d+)? | python\d+\.zip
      | \.pyenv[/\\]versions | pip-build-env-[^/\\]+ | Python\d+[/\\]Lib | go[/\\]src | go[/\\]pkg[/\\]mod | pkg[/\\]mod
      | \.cargo | \.rustup | rustc[/\\][0-9a-f]{7,} | rustlib | gems | ruby[/\\]\d\.\d(?:\.\d)? | rubygems | vendor
      | \.m2 | \.gradle | \.nuget | usr[/\\](?:include|lib|lib32|lib64|libexec|share) | sysdeps | csu | libsanitizer
      | compiler-rt | glibc[^/\\]* | \.pnpm | \.yarn | \.vite
    )[/\\]
    """,
    re.VERBOSE,
)
_RUNTIME = re.compile(
    r"<(?:frozen |internal:|__array_function__|attrs generated|decorator-gen)|(?:node|webpack-internal):|internal/"
)


@lru_cache(maxsize=8192)
def is_library(path: str) -> bool:
    """Whether a path, in any style, lies in what a package manager or the language itself installed."""
    return bool(_RUNTIME.match(path) or _FOLDERS.search(path))
