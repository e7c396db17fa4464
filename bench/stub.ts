/** What a store would answer to a read of three items, from a process of its own that does nothing else. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const item = () => ({
  pk: { S: `AccessToken#${randomBytes(32).toString('base64url')}` },
  expires: { N: '1800000000' },
  payload: { B: randomBytes(500).toString('base64') },
});
const answer = JSON.stringify({
  Responses: { tokens: [item(), item(), item()] },
  UnprocessedKeys: {},
  ConsumedCapacity: [{ TableName: 'tokens', CapacityUnits: 3 }],
});
const server = createServer((request, response) => {
  request.resume().once('end', () => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('disconnect', () => server.close());
