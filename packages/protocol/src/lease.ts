/**
 * How a process that hangs, or that nobody hears any more, is kept from doing harm: the server waits for it so long, and
 * it stops by itself before.
 *
 * An instance asks (the report `renewal`, with its own time) and is answered (the notice `lease`, with that time and how
 * old the answer's knowledge is) by whoever is above it; a relay answers only after it has asked above in turn. So an
 * answer proves that the control plane knew the instance at the instance's own time `mark - ageMs` or later. A control
 * plane takes nobody for gone before `leaseMs` after it knew of him last; the instance counts `fenceMs` from that time of
 * its own. Both are durations of clocks that never jump, nobody compares two clocks, and whatever stands still, waits in
 * a buffer or is lost on the way only makes the answer older. The difference is for clocks that go unequally fast.
 */
export const leaseMs = 60_000;
export const fenceMs = 45_000;
