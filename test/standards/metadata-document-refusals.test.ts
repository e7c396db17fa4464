import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { documentOf, startDocumentHost, useDocumentApps } from './document-host.ts';

describe('apps whose client_id is the address of their metadata are refused in a page that names the host and the reason, and nothing is kept,', () => {
  const apps = useDocumentApps();
  const { open, refused } = apps;

  const send = (status: number, headers: Record<string, string>, body: string | Buffer) => {
    return (_request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(status, headers).end(body);
    };
  };
  const json = { 'content-type': 'application/json' };

  const cases: Record<string, [reason: string, make: (path: string) => string]> = {
    'is not there': ['status 404', (path) => apps.host.origin + path],
    'is a failure': ['status 503', (path) => apps.host.at(path, send(503, {}, ''))],
    'is elsewhere': ['redirect', (path) => apps.host.at(path, send(302, { location: '/plain' }, ''))],
    'is a page': [
      'content type',
      (path) => apps.host.at(path, send(200, { 'content-type': 'text/html' }, '{}')),
    ],
    'is broken': ['not a JSON object', (path) => apps.host.at(path, send(200, json, '{'))],
    'is a list': ['not a JSON object', (path) => apps.host.at(path, send(200, json, '[]'))],
    'is cut off': [
      'cannot be reached',
      (path) =>
        apps.host.at(path, (_request, response) => {
          response.writeHead(200, { ...json, 'content-length': '1000' });
          response.write('{');
          response.destroy();
        }),
    ],
    'is too large': [
      'larger than 5120 bytes',
      (path) => apps.host.document(path, { software_statement: 'x'.repeat(6000) }),
    ],
    'is too large when unpacked': [
      'larger than 5120 bytes',
      (path) => {
        const text = JSON.stringify({ ...documentOf(apps.host.origin + path), x: 'x'.repeat(1_000_000) });
        return apps.host.at(path, send(200, { ...json, 'content-encoding': 'gzip' }, gzipSync(text)));
      },
    ],
    'is of somebody else': [
      'another client_id',
      (path) => apps.host.document(path, { client_id: 'https://a.example/' }),
    ],
    'lists a foreign redirect': [
      'redirect URI at another host, evil.example',
      (path) =>
        apps.host.document(path, { redirect_uris: ['http://127.0.0.1/callback', 'https://evil.example/cb'] }),
    ],
    'lists a dangerous redirect': [
      'redirect_uris\\[0\\]: must not use the scheme javascript',
      (path) => apps.host.document(path, { redirect_uris: ['javascript:alert(1)'] }),
    ],
    'lists no redirect': ['redirect_uris', (path) => apps.host.document(path, { redirect_uris: undefined })],
    'holds a secret': ['client_secret', (path) => apps.host.document(path, { client_secret: 'x' })],
    'wants a secret': [
      'none or private_key_jwt',
      (path) => apps.host.document(path, { token_endpoint_auth_method: 'client_secret_basic' }),
    ],
    'has a name to mislead': ['client_name', (path) => apps.host.document(path, { client_name: 'a\u202eb' })],
    'has keys inside': [
      'jwks_uri',
      (path) =>
        apps.host.document(path, {
          token_endpoint_auth_method: 'private_key_jwt',
          jwks_uri: 'http://127.0.0.1:1/jwks',
        }),
    ],
  };
  for (const [name, [reason, make]] of Object.entries(cases)) {
    it(`where the document ${name}`, async () => {
      const path = `/bad/${encodeURIComponent(name)}`;
      const id = make(path);
      await refused(id, reason);
      expect(apps.host.asked, 'read once').to.deep.equal([path]);
      apps.host.document(path);
      expect((await open(id)).status).to.equal(303);
    });
  }

  it('where the address is not written plainly, or not at https', async () => {
    const { host: name } = new URL(apps.host.origin);
    for (const id of [
      `${apps.host.origin}/a/../plain`,
      `${apps.host.origin}/a/%2e%2e/plain`,
      `${apps.host.origin}/plain#x`,
      `http://user@${name}/plain`,
      `HTTP://${name}/plain`,
      apps.host.origin,
      'http://client.example/plain',
    ]) {
      await refused(id, /must be (named by its plain address|at https)/);
    }
    expect(apps.host.asked).to.deep.equal([]);
  });

  it('where nobody answers', async () => {
    const gone = await startDocumentHost();
    const id = gone.document('/gone');
    await gone.close();
    await refused(id, 'cannot be reached');
  });
});
