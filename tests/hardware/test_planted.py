"""Every planted fault is caught, by the sentence that names it."""

import pytest
from hardware.tools import harness
from hardware.tools.files import HARDWARE

from tests.hardware.planted import FAULTS, Fault, table


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_planted_fault_is_caught(fault: Fault) -> None:
    assert any(said.startswith(fault.caught) for said in fault.plant()), fault.plant()


def test_a_pin_that_does_not_exist_is_refused_by_wireviz() -> None:
    text = harness.path("callpoint").read_text(encoding="utf-8")
    with pytest.raises(Exception, match=r"P2.*7"):
        harness.read("callpoint", text.replace("    - P2: [1, 2]", "    - P2: [1, 7]"))


def test_the_table_of_planted_faults_is_this_one() -> None:
    assert table() in (HARDWARE / "CHECKS.md").read_text(encoding="utf-8")
