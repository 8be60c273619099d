import binascii

from overdoor_device.journal import NAME, Journal
from overdoor_device.outbox import Outbox

BOOTS = ("%012x" % number for number in range(1, 1000))
PRESS = {"button": "call", "gesture": "press"}
FAULT = {"fault": "stuck"}


class Flash:
    """Files in RAM, which fail while `error` is set."""

    def __init__(self):
        self.files = {}
        self.error = None
        self.unreadable = False
        self.writes = 0

    def read(self, name):
        if self.unreadable or self.error is not None:
            raise OSError(5)
        data = self.files.get(name, b"")
        for start in range(0, len(data), 50):
            yield data[start : start + 50]

    def append(self, name, data):
        self._write()
        self.files[name] = self.files.get(name, b"") + data

    def replace(self, name, pieces):
        self._write()
        self.files[name] = b"".join(pieces)

    def rename(self, name, to):
        self._write()
        self.files[to] = self.files.pop(name)
        self.unreadable = False

    def remove(self, name):
        self._write()
        del self.files[name]

    def _write(self):
        if self.error is not None:
            raise OSError(self.error)
        self.writes += 1


class Life:
    """One boot of a device on this flash."""

    def __init__(self, flash, restarted=False):
        self.log = []
        self.outbox = Outbox(next(BOOTS))
        self.journal = Journal(flash, self.log.append)
        self.journal.load(self.outbox, restarted)

    def press(self, at=0, fields=PRESS, live=True):
        event = self.outbox.add("button" if live else "fault", fields, at, live)
        self.journal.save(self.outbox)
        return event

    def held(self):
        return [(event.boot, event.n, event.count, event.live) for event in self.outbox]

    def receipt(self, n):
        self.outbox.due(0)
        self.outbox.cover(self.outbox.boot, n)


def test_events_come_back_in_order_with_all_that_they_say():
    flash = Flash()
    first = Life(flash)
    for at in range(5):
        first.press(at)
    first.press(6, FAULT, False)
    second = Life(flash)
    second.press(0, {"button": "presence", "gesture": "hold"})
    third = Life(flash)
    assert third.held() == first.held() + [(second.outbox.boot, 1, 1, True)]
    assert third.held()[1][2] == 4
    assert [event.fields for event in third.outbox] == [PRESS, PRESS, FAULT] + [
        event.fields for event in second.outbox if event.boot == second.outbox.boot
    ]
    assert [event.at_ms for event in third.outbox] == [None] * 4


def test_what_was_receipted_is_forgotten_in_a_quiet_moment():
    flash = Flash()
    life = Life(flash)
    life.press()
    life.receipt(1)
    assert len(Life(flash).held()) == 1  # to be sent again: the gateway knows it
    life.journal.tend(life.outbox)
    assert Life(flash).held() == []
    assert flash.files == {}


def test_what_was_receipted_is_forgotten_with_the_next_press():
    flash = Flash()
    life = Life(flash)
    life.press()
    life.receipt(1)
    writes = flash.writes
    life.press()
    assert flash.writes == writes + 1
    assert [held[1] for held in Life(flash).held()] == [2]


def test_a_quiet_moment_writes_nothing_when_nothing_changed():
    flash = Flash()
    life = Life(flash)
    life.press()
    writes = flash.writes
    for _ in range(10):
        life.journal.tend(life.outbox)
    life.receipt(1)
    life.journal.tend(life.outbox)
    life.journal.tend(life.outbox)
    assert flash.writes == writes + 1


def test_the_journal_stays_small_however_long_presses_are_not_receipted():
    flash = Flash()
    life = Life(flash)
    longest = 0
    for number in range(3000):
        life.press(number, {"button": "call", "gesture": "press" if number % 3 else "hold"})
        longest = max(longest, len(flash.files[NAME]))
    assert longest < 12000
    assert Life(flash).held() == life.held()


def full(flash, life, at):
    life.journal.tend(life.outbox)
    return life.press(at)


def test_without_flash_it_goes_on_in_ram_and_says_so_once():
    for error in (5, 19, 28, 30):  # broken, missing, full, read-only
        flash = Flash()
        life = Life(flash)
        life.press(0)
        flash.error = error
        for at in range(1, 5):
            event = full(flash, life, at)
        assert event is not None
        assert (life.journal.ok, life.journal.faults, len(life.log)) == (False, 1, 1)
        flash.error = None
        life.press(9, {"button": "presence", "gesture": "press"})
        life.journal.tend(life.outbox)
        assert life.journal.ok
        assert Life(flash).held() == life.held()
        life.press(10)
        assert Life(flash).held() == life.held()


def test_flash_that_is_missing_at_boot_is_taken_over_when_it_comes():
    flash = Flash()
    before = Life(flash)
    before.press()
    flash.error = 19
    life = Life(flash)
    life.press()
    assert [held[0] for held in life.held()] == [life.outbox.boot]
    flash.error = None
    life.journal.tend(life.outbox)
    assert life.held() == before.held() + [(life.outbox.boot, 1, 1, True)]
    assert Life(flash).held() == life.held()


def test_a_journal_that_cannot_be_read_is_put_aside():
    flash = Flash()
    Life(flash).press()
    old = flash.files[NAME]
    flash.unreadable = True
    life = Life(flash)
    life.press()
    life.journal.tend(life.outbox)
    assert life.journal.ok
    assert flash.files["outbox.bad"] == old
    assert Life(flash).held() == life.held()


def test_damage_costs_what_it_hits_and_is_mended_in_a_quiet_moment():
    flash = Flash()
    life = Life(flash)
    for number in range(3):
        life.press(number, {"button": "call", "gesture": str(number)})
    data = flash.files[NAME]
    flash.files[NAME] = data[:30] + b"?" + data[31:] + b"\xa5\x00\x40torn"
    again = Life(flash)
    assert [held[1] for held in again.held()] == [2, 3]
    assert len(again.log) == 1
    again.press()
    assert len(Life(flash).held()) == 3
    again.journal.tend(again.outbox)
    last = Life(flash)
    assert (len(last.held()), last.log) == (3, [])


def test_a_restart_on_purpose_keeps_ages():
    flash = Flash()
    first = Life(flash)
    first.press(1000)
    assert first.journal.rest(first.outbox, 61000)
    second = Life(flash, restarted=True)
    event = next(iter(second.outbox))
    assert second.outbox.payload(event, 500)["age_ms"] == 63500
    second.press(700)
    assert second.journal.rest(second.outbox, 10000)
    third = Life(flash, restarted=True)
    ages = [third.outbox.payload(event, 0)["age_ms"] for event in third.outbox]
    assert ages == [76000, 12300]


def framed(body):
    rest = len(body).to_bytes(2, "big") + body
    return b"\xa5" + rest + binascii.crc32(rest).to_bytes(4, "big")


def test_a_roll_back_loses_no_event_that_a_newer_firmware_kept():
    flash = Flash()
    newer = Life(flash)
    for number in range(3):
        newer.press(number, {"button": "call", "gesture": str(number)})
        flash.files[NAME] += framed(b"N what only the newer one knows")
    older = Life(flash)
    assert older.held() == newer.held()
    older.press(9, {"button": "presence", "gesture": "press"})
    older.journal.tend(older.outbox)
    assert older.journal.rest(older.outbox, 10)
    assert Life(flash).held() == older.held()
    assert older.log == []


def test_a_rest_is_not_believed_after_which_a_newer_firmware_wrote():
    flash = Flash()
    first = Life(flash)
    first.press()
    first.journal.rest(first.outbox, 5000)
    flash.files[NAME] += framed(b"N it ran, for who knows how long")
    assert [event.at_ms for event in Life(flash, restarted=True).outbox] == [None]


def test_a_power_cut_loses_ages_even_after_a_restart_that_kept_them():
    flash = Flash()
    first = Life(flash)
    first.press()
    first.journal.rest(first.outbox, 5000)
    assert [event.at_ms for event in Life(flash, restarted=False).outbox] == [None]
    first.journal.rest(first.outbox, 5000)
    Life(flash, restarted=True)
    # A watchdog's reset an hour later looks like a restart on purpose, and is none.
    assert [event.at_ms for event in Life(flash, restarted=True).outbox] == [None]


def test_an_age_that_cannot_be_written_down_as_taken_over_is_not_believed():
    flash = Flash()
    first = Life(flash)
    first.press()
    first.journal.rest(first.outbox, 5000)
    append = flash.append

    def fail(name, data):
        raise OSError(28)

    flash.append = fail
    second = Life(flash, restarted=True)
    assert [event.at_ms for event in second.outbox] == [None]
    assert not second.journal.ok
    flash.append = append
    second.journal.tend(second.outbox)
    assert Life(flash).held() == first.held()


def test_no_restart_while_flash_cannot_keep_what_waits():
    flash = Flash()
    life = Life(flash)
    flash.error = 28
    assert life.journal.rest(life.outbox, 0)  # nothing waits
    life.press()
    assert not life.journal.rest(life.outbox, 0)


def test_what_is_too_long_for_a_record_is_sent_all_the_same():
    flash = Flash()
    life = Life(flash)
    event = life.press(0, {"note": "x" * 600})
    assert life.outbox.due(0) == [event]
    life.press()
    assert life.journal.ok
    assert [held[1] for held in Life(flash).held()] == [2]
