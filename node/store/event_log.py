"""The event log (D-22 to D-29): what came from whom, what was stored, asked and sent, with its time.

Append-only: the database itself refuses to change or delete a line.
"""

import json
from collections.abc import Mapping

from sqlalchemy import Connection, insert, select

from node.store.records import Event, LogEntry
from node.store.tables import event_log

#: Characters of a peer's name that are kept.
LONGEST_PEER = 64


class EventLog:
    """Writes and reads lines of the event log."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        at: int,
        event: Event,
        peer: str,
        *,
        items: int | None = None,
        content: Mapping[str, object] | None = None,
    ) -> None:
        """Write one line; `content` holds JSON values. A peer that gave itself a longer name is cut short."""
        line = {
            "at": at,
            "event": event,
            "peer": peer[:LONGEST_PEER],
            "items": items,
            "content": json.dumps(dict(content or {}), sort_keys=True),
        }
        self._connection.execute(insert(event_log).values(line))

    def entries(self, after: int = 0, peer: str | None = None) -> list[LogEntry]:
        """Return the lines with a number above `after`, oldest first, of one peer or of all."""
        query = select(event_log).where(event_log.c.number > after).order_by(event_log.c.number)
        if peer is not None:
            query = query.where(event_log.c.peer == peer)
        return [
            LogEntry(
                row.number, row.at, Event(row.event), row.peer, row.items, json.loads(row.content)
            )
            for row in self._connection.execute(query)
        ]
