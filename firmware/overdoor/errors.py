"""What ends a session with the broker, or keeps one from beginning."""


class MqttError(Exception):
    """Something is wrong with the broker or the way to it; the connection is over.

    `fault` is a name of `fault.py`.
    """

    fault = "closed"


class MqttProtocolError(MqttError):
    """The broker sent what MQTT 3.1.1 does not allow."""

    fault = "not_mqtt"


class MqttRefusedError(MqttError):
    """The broker said no. `code` is the return code of CONNACK, or 0x80 for a subscription."""

    def __init__(self, code: int, reason: str):
        super().__init__(reason)
        self.code = code


class MqttTimeoutError(MqttError):
    """The broker did not answer in time."""


class MqttClosedError(MqttError):
    """The broker or the network closed the connection. `errno` is None where it just ended."""

    def __init__(self, text: str, cause=None):
        super().__init__("%s: %r" % (text, cause))
        self.errno = cause.errno if isinstance(cause, OSError) else None


class MqttCertificateError(MqttError):
    """The broker's certificate is not one that we trust."""


class MqttOverflowError(MqttError):
    """More packets wait than the network or the memory takes."""

    fault = "overloaded"
