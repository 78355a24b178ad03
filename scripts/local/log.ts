/** The background process's own log: its stderr goes to daemon.log. */
export function log(what: unknown): void {
  const text = what instanceof Error ? (what.stack ?? what.message) : String(what);
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}
