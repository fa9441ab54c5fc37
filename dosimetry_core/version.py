"""Name and version of this software, as printed in every result."""

from typing import Final

SOFTWARE_NAME: Final = "Lutetia"
SOFTWARE_VERSION: Final = "0.4.0"
