"""The script that one would write in an hour: commit the press, then light the lamp.

It is what `make bench` compares the gateway with: aiomqtt, sqlite3, a durable commit before each
signal, Nagle's algorithm off. It knows no receipts, repeats, people, timers or restarts.
"""

import asyncio
import json
import socket
import sqlite3
import sys
import time

import aiomqtt

TABLES = """
    CREATE TABLE event (at REAL NOT NULL, room TEXT NOT NULL, what TEXT NOT NULL);
    CREATE TABLE call (
        id INTEGER PRIMARY KEY, room TEXT NOT NULL, state TEXT NOT NULL,
        raised_at REAL NOT NULL, acknowledged_at REAL, arrived_at REAL
    );
    CREATE UNIQUE INDEX one_open_call_per_room ON call (room) WHERE state <> 'closed';
"""
CHANGE = {
    "press": "INSERT OR IGNORE INTO call (raised_at, room, state) VALUES (?, ?, 'raised')",
    "acknowledge": "UPDATE call SET state = 'acknowledged', acknowledged_at = ? "
    "WHERE room = ? AND state = 'raised'",
    "arrive": "UPDATE call SET state = 'closed', arrived_at = ? "
    "WHERE room = ? AND state <> 'closed'",
    "hold": "UPDATE call SET state = 'closed', arrived_at = coalesce(arrived_at, ?) "
    "WHERE room = ? AND state <> 'closed'",
}
LAMP = {"press": "raised", "acknowledge": "acknowledged", "arrive": "idle", "hold": "idle"}


async def main(port: int, file: str) -> None:
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.executescript(TABLES)
    nodelay = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    async with aiomqtt.Client("127.0.0.1", port, socket_options=nodelay) as client:
        await client.subscribe("script/room/+/event", qos=1)
        print("ready", flush=True)
        async for message in client.messages:
            room = message.topic.value.split("/")[2]
            what, now = json.loads(message.payload)["gesture"], time.time()
            db.execute("BEGIN")
            db.execute("INSERT INTO event VALUES (?, ?, ?)", (now, room, what))
            db.execute(CHANGE[what], (now, room))
            db.execute("COMMIT")
            lamp = json.dumps({"state": LAMP[what], "at": now})
            await client.publish(f"script/room/{room}/signal", lamp, qos=1, retain=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
