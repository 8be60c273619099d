"""Where it is written down: one SQLite file, one writer, an event log that is the truth.

`Store` opens the file and loads the shop; `Writer` commits turns in groups; `projections` keeps
the tables beside the log and can rebuild them from it; `retention` lets go of what is old.
"""

from overdoor.store.problem import StoreError
from overdoor.store.retention import Retention
from overdoor.store.store import FILE, Store, copy_database
from overdoor.store.writer import Turned, Writer

__all__ = ["FILE", "Retention", "Store", "StoreError", "Turned", "Writer", "copy_database"]
