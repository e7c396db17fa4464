/**
 * Keeps Node's notes on experimental features from the operator's terminal: Node 24 before 24.15 calls SQLite one, and he
 * can do nothing about it. Other warnings are printed as ever. To be called before `node:sqlite` is loaded.
 */
export function hideExperimentalWarnings(): void {
  const printing = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') for (const print of printing) print(warning);
  });
}
