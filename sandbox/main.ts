/** Starts the sandbox alone: `PORT` is the first of its three ports (API, ACME, Globex); free ones where it is not set. */
import { startSandbox } from './server.ts';

const text = process.env['PORT'] ?? '';
const port = Number(text);
if (text !== '' && !(Number.isInteger(port) && port >= 0 && port <= 65_533)) {
  console.error('PORT: wants a number, the first of three ports');
  process.exit(1);
}
try {
  const sandbox = await startSandbox({ port });
  const [first, second] = sandbox.platforms;
  console.log(
    `sandbox: ${first.clientname} ${first.origin} · ${second.clientname} ${second.origin} · API ${sandbox.apiOrigin} · switches ${first.origin}/__sandbox/`,
  );
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void sandbox.close());
} catch (error) {
  const { code } = error as { code?: string };
  if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
  console.error(`PORT: cannot listen on ${port} to ${port + 2} (${code})`);
  process.exit(1);
}
