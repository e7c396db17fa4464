/**
 * SIGTERM and SIGINT from now on, however often: the end, with code 0 when all is done. What that takes is told by the function
 * given back, as soon as there is something to end; until then the process just ends. SIGHUP ends nothing at any time.
 */
export function endOnSignal(): (end: () => Promise<void>) => void {
  let end = (): Promise<void> => Promise.resolve();
  let ending = false;
  const onSignal = (): void => {
    if (ending) return;
    ending = true;
    void end().then(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
  // Whoever reads something anew on SIGHUP comes later and goes earlier; without any listener the signal would end the process.
  process.on('SIGHUP', () => undefined);
  return (next) => {
    end = next;
  };
}
