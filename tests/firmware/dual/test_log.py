from overdoor_device.log import Log


class Clock:
    """Ms that a test sets."""

    now = 0

    def __call__(self):
        return self.now


def log_of(secrets=()):
    clock, printed = Clock(), []
    return Log(clock, printed.append, secrets), clock, printed


def test_the_last_lines_come_back_in_order_with_their_times():
    log, clock, printed = log_of()
    for number in range(500):
        clock.now = 7 * number
        log("line %d" % number)
    assert log.tail(60) == [[3486, "line 498"], [3493, "line 499"]]
    assert len(printed) == 500


def test_a_report_can_be_filled_from_it_whatever_the_lines_are():
    for length in (0, 1, 40, 120, 500):
        log, clock, _ = log_of()
        for number in range(300):
            clock.now = number
            log(chr(97 + number % 26) * length)
        tail = log.tail(2000)
        assert [at for at, _ in tail] == list(range(300 - len(tail), 300))
        assert all(text == chr(97 + at % 26) * min(length, 120) for at, text in tail)
        assert 2000 - sum(len(text) + 16 for _, text in tail) < min(length, 120) + 16


def test_lines_in_any_script_and_times_of_years_are_kept():
    log, clock, _ = log_of()
    for number in range(40):
        clock.now = 400000000000 + number
        log("пробна 试衣间 " * 20)
    assert log.tail(2000)[-1] == [400000000039, ("пробна 试衣间 " * 20)[:120]]


def test_secrets_are_neither_printed_nor_kept():
    log, _, printed = log_of(("hunter22", "abc", None, ""))
    log("hunter22 refused, hunter22, abc")
    assert printed == ["*** refused, ***, abc"]
    assert log.tail(2000) == [[0, "*** refused, ***, abc"]]
