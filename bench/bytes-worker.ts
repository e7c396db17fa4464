/** The application as a function has it, behind a plain server; its standard output is what CloudWatch would get. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readEnvironment } from '../config/env.ts';
import { createListener } from '../src/lambda/listener.ts';

const listener = await createListener(readEnvironment(), 4_500_000)();
const server = createServer((request, response) => void listener(request, response));
server.listen(Number(process.env['PORT']), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ port });
});
