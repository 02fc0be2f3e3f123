/**
 * The milliseconds that this process has computed so far. Bounds on the cost of hostile input are in these and not in
 * time that passes: on a busy machine that says nothing.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
