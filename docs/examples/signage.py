"""A screen by the fitting rooms: how many wait, how many are being helped. Over HTTP.

    overdoor token add signage
    OVERDOOR_TOKEN=... python signage.py http://localhost:8080 screen.html

Writes a page that any browser can show, and writes it anew whenever something changes. It says
numbers only: which room waits is nobody's business but the staff's.
"""

import json
import os
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

shop, page = sys.argv[1].rstrip("/"), Path(sys.argv[2])
TOKEN = os.environ.get(
    "OVERDOOR_TOKEN"
)  # overdoor token add signage; none in a shop without accounts
HEADERS = {"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}
PAGE = """<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Fitting rooms</title><style>body{{font:8vw sans-serif;text-align:center}}</style>
<p>{waiting} waiting<p>{coming} being helped<p>{free} of {rooms} without a call
"""


def show() -> None:
    with urlopen(Request(f"{shop}/api/v1/rooms", headers=HEADERS), timeout=10) as answer:
        rooms = [room for room in json.load(answer)["rooms"] if room["service"] == "open"]
    states = [room["call"]["state"] if room["call"] else None for room in rooms]
    said = {"waiting": states.count("raised"), "free": states.count(None), "rooms": len(rooms)}
    said["coming"] = len(rooms) - said["waiting"] - said["free"]
    beside = page.with_suffix(".new")
    beside.write_text(PAGE.format(**said), encoding="utf-8")
    beside.replace(page)
    print(json.dumps(said), flush=True)


while True:
    try:
        with urlopen(Request(f"{shop}/api/v1/stream", headers=HEADERS), timeout=30) as stream:
            for line in stream:  # each change begins with its number; pings have none
                if line.startswith(b"id:"):
                    show()
    except OSError as error:
        print(f"no shop: {error}", file=sys.stderr)
        time.sleep(2)
