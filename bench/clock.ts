/** Microseconds by the kernel's monotonic clock: the same one in every process of this machine. */
export function monotonicUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
}
