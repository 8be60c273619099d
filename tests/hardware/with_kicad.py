"""Every planted fault of schematic and board is caught. Run by `make hardware`: it needs KiCad."""

from pathlib import Path

import pytest

from tests.hardware.board_faults import FAULTS, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_planted_fault_is_caught(fault: Fault, tmp_path: Path) -> None:
    said = fault.plant(tmp_path)
    assert any(each.startswith(fault.caught) for each in said), said
