"""The quiet room: what is decided, with no I/O, no clock and no event loop.

`step(shop, input, now) -> (shop, events, effects)` is the whole of it. Everything else here is a
part of that function: the words (`model`, `inputs`, `events`, `effects`), the lifecycle as a table
(`lifecycle`), what a fact changes (`evolve`), who is paged (`dispatch`), what falls due when
(`escalation`) and which events of a device are stored (`ledger`).

All times are integers of milliseconds since 1970-01-01 UTC.
"""
