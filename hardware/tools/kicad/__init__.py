"""KiCad's files from the carrier: schematic, board, and what a board house needs."""
