/** Starts the sandbox alone: `PORT` is the first of its three ports. */
import { startSandbox } from './server.ts';

const port = process.env['PORT'];
const sandbox = await startSandbox(port === undefined ? {} : { port: Number(port) });
const [first, second] = sandbox.platforms;
console.log(
  `sandbox: ${first.clientname} ${first.origin} · ${second.clientname} ${second.origin} · API ${sandbox.apiOrigin}`,
);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void sandbox.close());
