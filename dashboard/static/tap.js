// The tap was made by holding the phone to the tag; nothing more needs to be pressed.
document.getElementById("tap").requestSubmit();
