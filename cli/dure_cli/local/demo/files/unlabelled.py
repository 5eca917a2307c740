"""A job that fails for a reason of its own: it wants a column that the file does not have."""

import csv
import sys
from pathlib import Path

with Path(sys.argv[1]).open(encoding="utf-8") as file:
    columns = csv.DictReader(file).fieldnames
if "diagnosis" not in columns:
    print(f"no column 'diagnosis' in {Path(sys.argv[1]).name}; it has {', '.join(columns)}")
    sys.exit(3)
