/** Preloaded into a process to which it is a minute later. */
const { now } = Date;
Date.now = () => now() + 60_000;
