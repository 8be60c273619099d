#!/bin/sh
# Checks model/button.pml with spin. Fails on the first error; says how many states were seen.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp button.pml "$work"
cd "$work"

check() { # what it shows; bounds of the model; options of the compiler; options of the search
    spin $2 -a button.pml >/dev/null
    cc -O2 -w -DCOLLAPSE -DMEMLIM=4000 $3 -o pan pan.c
    ./pan -m2000000 $4 >out 2>&1 || true
    if ! grep -q 'errors: 0' out || grep -q 'depth too small\|out of memory' out; then
        cat out
        [ ! -f button.pml.trail ] || spin $2 -t -p -g button.pml | tail -80
        echo "model: $1: this does not hold"
        exit 1
    fi
    echo "model: $1 ($(awk '/states, stored/ { print $1; exit }' out) states)"
}

check "no assertion fails and nobody is stuck, 3 presses, 3 faults" "" "-DSAFETY -DNOCLAIM" ""
few="-DPRESSES=2 -DFAULTS=2"
check "no device waits for ever, 2 presses, 2 faults" "$few" "" "-a -f -N no_stuck_device"
check "no lamp stays wrong, 2 presses, 2 faults" "$few" "" "-a -f -N no_lamp_stays_wrong"
check "at rest the lamp is right, 3 presses, 2 faults" "-DFAULTS=2" "" "-a -N at_rest_the_lamp_is_right"
