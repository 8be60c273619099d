#!/bin/sh
# Checks model/button.pml with spin. Fails on the first error; says how many states were seen.
# At the end it breaks the model in four ways, to see that each is noticed.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp button.pml "$work"
cd "$work"

search() { # model; its bounds; options of the compiler; options of the search
    rm -f ./*.trail
    spin $2 -a "$1" >/dev/null
    cc -O2 -w -DCOLLAPSE -DMEMLIM=4000 $3 -o pan pan.c
    ./pan -m2000000 $4 >out 2>&1 || true
    if grep -q 'depth too small\|out of memory' out; then
        cat out
        exit 1
    fi
}

holds() { # what it shows; as for search
    search button.pml "$2" "$3" "$4"
    if ! grep -q 'errors: 0' out; then
        cat out
        [ ! -f button.pml.trail ] || spin $2 -t -p -g button.pml | tail -80
        echo "model: $1: this does not hold"
        exit 1
    fi
    echo "model: $1 ($(awk '/states, stored/ { print $1; exit }' out) states)"
}

noticed() { # what is broken; how, for sed; options of the compiler; options of the search
    sed "$2" button.pml >broken.pml
    if cmp -s button.pml broken.pml; then
        echo "model: the line to break is gone: $1"
        exit 1
    fi
    search broken.pml "$few" "$3" "$4"
    if ! grep -q 'errors: [1-9]' out; then
        echo "model: nobody noticed: $1"
        exit 1
    fi
    echo "model: noticed: $1"
}

safety="-DSAFETY -DNOCLAIM"
few="-DPRESSES=2 -DFAULTS=2 -DANSWERS=1" # so that some calls stay open, and lit
holds "no assertion fails and nobody is stuck, 3 presses, 3 faults" "" "$safety" ""
holds "no device waits for ever, 2 presses, 2 faults" "$few" "" "-a -f -N no_stuck_device"
holds "no lamp stays wrong, 2 presses, 2 faults" "$few" "" "-a -f -N no_lamp_stays_wrong"
holds "at rest the lamp is right, 3 presses, 2 faults" "-DFAULTS=2" "" \
    "-a -N at_rest_the_lamp_is_right"

noticed "a restart that says nothing again" \
    's/online = false; owes = true }/online = false }/' "" "-a -f -N no_lamp_stays_wrong"
noticed "a broker that forgot, and nothing is said again" \
    's/kept_upto = 0; owes = true }/kept_upto = 0 }/' "" "-a -f -N no_lamp_stays_wrong"
noticed "a receipt ahead of what is stored" \
    's/receipt!of_boot,upto$/receipt!of_boot,upto+1/' "$safety" ""
noticed "a device that does not send again" \
    's/online && held > 0/online \&\& held > 0 \&\& shown_rev == NONE/' \
    "" "-a -f -N no_stuck_device"
