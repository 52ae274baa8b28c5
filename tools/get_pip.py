# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the place of get-pip in ansible-test's cache on a machine that cannot download it.

ansible-test makes virtual environments without pip and has get-pip install the version it wants. The interpreter brings a pip of its own
(ensurepip), which can install that version from the package index just as well.
"""

from __future__ import annotations

import os
import subprocess
import sys

# Say what get-pip itself should leave out; pip does not know them.
_OPTIONS_OF_GET_PIP = {"--no-setuptools", "--no-wheel"}


def main() -> None:
    # ansible-test's wrapper runs this file instead of pip as long as GET_PIP is set.
    environment = {name: value for name, value in os.environ.items() if name != "GET_PIP"}
    packages = [argument for argument in sys.argv[1:] if argument not in _OPTIONS_OF_GET_PIP]
    for module in (["ensurepip", "--default-pip"], ["pip", "install", "--quiet", *packages]):
        subprocess.run([sys.executable, "-m", *module], env=environment, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
