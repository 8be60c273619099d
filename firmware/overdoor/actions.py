"""What a decision asks the shell to do: the first part of each action."""

FLASH = "flash"
TAKEN = "taken"
SHOW = "show"
SEND = "send"
SHOWN = "shown"
ALERT = "alert"
