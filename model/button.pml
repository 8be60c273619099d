/* Button, receipt and lamp: one room, one gateway, one broker between them.
 *
 * What is modelled is the contract of docs/protocol.md in its smallest form:
 * - a device holds a press until a receipt of its own boot covers it, and sends it again;
 *   its number is given when it first goes on the air; `low` says what it still holds
 * - the gateway stores first, then says receipt and signal, both retained by the broker
 * - each connection keeps its order, loses all that is under way when it ends, and is clean:
 *   the broker says what it retains again at the next one
 * - a message may come twice
 * - a reboot loses the presses that are held (the outbox is in RAM) and takes a new boot
 * - the gateway may die between storing and saying; when it starts it says everything again
 *   under higher revisions; a device ignores a lower revision within one connection
 *
 * Faults are bounded, so that the search ends; after the last of them the world is in order
 * (`quiet`).
 * Checked: `assert`s (a receipt claims nothing that is held and not stored; revisions never go
 * down within a connection), no invalid end state (nobody is stuck), and the two promises below.
 */

#ifndef PRESSES
#define PRESSES 3
#endif
#ifndef FAULTS
#define FAULTS 3
#endif
#ifndef BOOTS
#define BOOTS 2          /* boots beyond the first */
#endif
#ifndef ANSWERS
#define ANSWERS 2        /* times that staff comes and closes the call */
#endif
#define NONE 255

mtype = { idle, raised };

/* to the gateway: boot, n, low.  to the device: receipt (boot, upto), signal (rev, state) */
chan event = [2] of { byte, byte, byte };
chan receipt = [2] of { byte, byte };
chan signal = [2] of { byte, mtype };

/* the device */
byte boot = 0;
byte last_n = 0;         /* the last number that was given */
byte low = 1;            /* the smallest number still held; last_n + 1 when none is */
byte shown_rev = NONE;   /* of this connection; NONE after a connect */
mtype lamp = idle;
bool online = false;

/* the gateway's file, and what it decided from it */
byte upto = 0;           /* of boot `of_boot`: everything still held up to here is stored */
byte of_boot = 0;
byte rev = 0;            /* only ever grows */
mtype call = idle;
byte stored = 0;         /* presses that were counted, for the promise below */
bool owes = false;       /* stored, and not said yet */

/* what the broker retains */
byte kept_rev = 0;
mtype kept_state = idle;
byte kept_boot = 0;
byte kept_upto = 0;

byte faults = 0;
byte presses = 0;
byte answers = 0;
bool quiet = false;      /* nothing from outside will happen any more */

#define held (last_n + 1 - low)
#define settled (online && len(event) == 0 && len(receipt) == 0 && len(signal) == 0 && !owes && held == 0)

/* In order, the time between two sendings is longer than the way there and back. */
#define round_trip_over (len(receipt) == 0 && len(signal) == 0 && !owes)

inline lose_what_is_under_way() {
    do
    :: len(event) > 0 -> event?_,_,_
    :: len(receipt) > 0 -> receipt?_,_
    :: len(signal) > 0 -> signal?_,_
    :: len(event) == 0 && len(receipt) == 0 && len(signal) == 0 -> break
    od
}

inline connect() {       /* a clean session: what is retained comes first */
    online = true;
    shown_rev = NONE;
    receipt!kept_boot,kept_upto;
    signal!kept_rev,kept_state
}

inline say() {           /* the gateway publishes what is stored; the broker keeps it */
    rev++;
    kept_rev = rev;
    kept_state = call;
    kept_boot = of_boot;
    kept_upto = upto;
    owes = false;
    if
    :: online && len(signal) < 2 && len(receipt) < 2 -> signal!rev,call; receipt!of_boot,upto
    :: else -> if
        :: online -> owes = true; rev--   /* the line is busy: a moment later */
        :: else -> skip
        fi
    fi
}

active proctype Device() {
    byte b, n, r;
    mtype s;
end_device:
    do
    /* somebody presses */
    :: atomic { presses < PRESSES && held < 2 -> presses++; last_n++ }
    /* it sends what it holds, for the first time or again; never so often that the line is full */
    :: atomic { online && held > 0 && len(event) == 0 && (!quiet || round_trip_over) ->
           n = low;
           do
           :: n < last_n -> event!boot,n,low; n++
           :: n == last_n -> event!boot,n,low; break
           od; n = 0 }
    /* a receipt */
    :: atomic { receipt?b,n ->
           if
           :: b == boot && n <= last_n && n >= low ->
                  assert(of_boot == boot && upto >= n);   /* stored, before it is let go */
                  low = n + 1
           :: else -> skip
           fi; b = 0; n = 0 }
    /* a signal */
    :: atomic { signal?r,s ->
           if
           :: shown_rev == NONE || r >= shown_rev -> shown_rev = r; lamp = s
           :: else -> skip
           fi; r = 0; s = idle }
    :: atomic { !online -> connect() }
    od
}

active proctype Gateway() {
    byte b, n, l;
end_gateway:
    do
    :: atomic { event?b,n,l ->
           if
           :: b != of_boot -> of_boot = b; upto = 0      /* a boot never heard of */
           :: else -> skip
           fi;
           if
           :: n <= upto -> skip                          /* a repeat changes nothing */
           :: n > upto && l - 1 <= upto && n == upto + 1 -> upto = n; stored++; call = raised
           :: n > upto && n == l -> upto = n; stored++; call = raised    /* it let go of the rest */
           :: else -> assert(false)                      /* a gap: order is kept within a connection */
           fi;
           owes = true; b = 0; n = 0; l = 0 }            /* committed; what follows may not happen */
    :: atomic { owes -> say() }
    /* staff comes, and the call is closed */
    :: atomic { call == raised && answers < ANSWERS && !owes -> answers++; call = idle; owes = true }
    od
}

active proctype World() {
end_world:
    do
    /* the connection is lost, and everything under way with it */
    :: atomic { faults < FAULTS && online -> faults++; online = false; lose_what_is_under_way() }
    /* an event comes twice */
    :: atomic { faults < FAULTS && len(event) == 1 -> faults++;
           byte b, n, l; event?<b,n,l>; event!b,n,l; b = 0; n = 0; l = 0 }
    /* the device loses power: what it held is gone, and it begins anew */
    :: atomic { faults < FAULTS && boot < BOOTS -> faults++;
           online = false; lose_what_is_under_way();
           boot++; last_n = 0; low = 1; shown_rev = NONE; lamp = idle }
    /* the gateway dies after it stored and before it said so; it says all of it at the next start */
    :: atomic { faults < FAULTS && owes -> faults++;
           owes = false; lose_what_is_under_way(); online = false; owes = true }
    /* the broker forgets what it retained; the gateway says it again when it is back */
    :: atomic { faults < FAULTS -> faults++;
           online = false; lose_what_is_under_way();
           kept_rev = 0; kept_state = idle; kept_boot = 0; kept_upto = 0; owes = true }
    :: atomic { faults == FAULTS && presses == PRESSES && !quiet -> quiet = true }
    od
}

/* Nobody waits for ever: what is held is receipted, or lost with its boot. */
ltl no_stuck_device { [] (quiet -> <> (held == 0)) }

/* No lamp stays wrong: in the end all is at rest, and the lamp shows the call. */
ltl no_lamp_stays_wrong { [] (quiet -> <> (settled && lamp == call)) }

/* At rest, the lamp is right at that very moment. */
ltl at_rest_the_lamp_is_right { [] (settled -> lamp == call) }
