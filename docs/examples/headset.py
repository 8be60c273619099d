"""Says calls on the staff's headsets: MQTT in, one HTTP request to the headset server out.

    python headset.py mqtt://localhost:1883 demo http://headsets.shop.lan/announce

Where the broker asks for a password (overdoor broker user add headset):

    OVERDOOR_PASSWORD=... python headset.py mqtts://headset@192.168.1.10:8883 demo http://...

with OVERDOOR_CA=tls/ca.pem, the shop's own authority, for mqtts. Headset servers differ in what
they want to be sent; `announce` is the place to change.
"""

import json
import os
import sys
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import paho.mqtt.client as mqtt

NEEDS = {
    "another-size": "another size",
    "another-model": "another model",
    "question": "a question",
    "ready-to-pay": "ready to pay",
}
broker, shop, server = urlsplit(sys.argv[1]), sys.argv[2], sys.argv[3]


def announce(text: str) -> None:
    body = json.dumps({"text": text}).encode()
    urlopen(Request(server, body, {"Content-Type": "application/json"}), timeout=3).close()


def heard(_client: mqtt.Client, _data: None, message: mqtt.MQTTMessage) -> None:
    said = json.loads(message.payload)
    room = message.topic.split("/")[4]
    try:
        if said["event_type"] == "raised":
            announce(f"Room {room}: {NEEDS.get(said['need'], 'somebody calls')}")
        elif said["event_type"] == "lapsed":
            announce(f"Room {room} still waits")
    except OSError as error:  # the server is away; the pages and the lamp still work
        print(f"not announced: {error}", file=sys.stderr)


def connected(client: mqtt.Client, *_: object) -> None:
    client.subscribe(f"overdoor/1/{shop}/room/+/event", qos=1)
    print("listening", flush=True)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.username_pw_set(broker.username, os.environ.get("OVERDOOR_PASSWORD"))
if broker.scheme == "mqtts":
    client.tls_set(os.environ.get("OVERDOOR_CA"))
client.on_connect, client.on_message = connected, heard
client.connect(broker.hostname or "localhost", broker.port or 1883)
client.loop_forever()
