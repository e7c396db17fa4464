/** SIGTERM and SIGINT, however often: the end, with code 0 when all is done. */
export function endOnSignal(end: () => Promise<void>): void {
  let ending = false;
  const onSignal = (): void => {
    if (ending) return;
    ending = true;
    void end().then(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
}
