"""What a batch job runs first: exit status 1 unless its folder is the user's own."""

import sys
from pathlib import Path

from study.errors import StoreError
from study.launch.orders import private

if __name__ == "__main__":
    try:
        private(Path(sys.argv[1]))
    except StoreError as error:
        sys.exit(str(error))
