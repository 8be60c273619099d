#!/bin/sh
# Checks model/button.pml with spin: safety first, then each promise. Fails on the first error.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp button.pml "$work"
cd "$work"

check() { # name, options of the compiler, options of the search
    cc -O2 -w $2 -DMEMLIM=4000 -o pan pan.c
    ./pan -m2000000 $3 >out 2>&1 || { cat out; exit 1; }
    if ! grep -q 'errors: 0' out || grep -q 'max search depth too small\|out of memory' out; then
        cat out
        [ ! -f button.pml.trail ] || spin -t -p -g button.pml | tail -80
        echo "model: $1 does not hold"
        exit 1
    fi
    states=$(awk '/states, stored/ { print $1; exit }' out)
    echo "model: $1 holds ($states states)"
}

spin -a button.pml >/dev/null
check "no assertion fails and nobody is stuck" "-DSAFETY -DNOCLAIM -DCOLLAPSE" ""
for promise in no_stuck_device no_lamp_stays_wrong at_rest_the_lamp_is_right; do
    check "$promise" "-DCOLLAPSE -DNFAIR=4" "-a -f -N $promise"
done
