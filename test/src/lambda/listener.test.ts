import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { SecretsDocument } from '../../../adapters/secrets/document.ts';
import { createSecrets } from '../../../adapters/secrets/keys.ts';
import { createListener } from '../../../src/lambda/listener.ts';
import { CLIENTS, WEB_SECRET } from '../../support/stack.ts';
import { getJson } from '../../support/standards.ts';

describe('a function that stays warm', () => {
  let folder: string;
  let nowMs: number;
  let listening: ReturnType<typeof createListener>;
  const give = (document: SecretsDocument) =>
    writeFileSync(join(folder, 'secrets.json'), JSON.stringify(document), { mode: 0o600 });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-warm-'));
    writeFileSync(join(folder, 'clients.yaml'), CLIENTS);
    nowMs = Date.now();
    const env = {
      ISSUER: 'https://id.acme.example',
      // Nothing is asked of the store here.
      STATE_TABLE: 'state-table',
      TOKEN_TABLE: 'token-table',
      AWS_REGION: 'local',
      SECRETS_FILE: join(folder, 'secrets.json'),
      CLIENTS_FILE: join(folder, 'clients.yaml'),
      WEB_SECRET,
      LOG_LEVEL: 'silent',
    };
    listening = createListener(env, 1000, () => nowMs);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** The ids of the keys that the next request shows. */
  async function published(): Promise<string[]> {
    const server = createServer(await listening()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const { keys } = (await getJson(`http://127.0.0.1:${port}/jwks`)) as { keys: { kid: string }[] };
      return keys.map(({ kid }) => kid);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }
  const idsIn = ({ signingKeys }: SecretsDocument): string[] => signingKeys.map(({ jwk }) => jwk.kid);

  it('takes changed keys within five minutes, before it answers', async () => {
    const [first, second] = [await createSecrets(new Date()), await createSecrets(new Date())];
    give(first);
    expect(await published()).to.have.members(idsIn(first));
    give(second);
    expect(await published(), 'read a moment ago').to.have.members(idsIn(first));
    nowMs += 5 * 60_000;
    expect(await published()).to.have.members(idsIn(second));
  });

  it('keeps the keys that it has where it cannot read them anew', async () => {
    const first = await createSecrets(new Date());
    give(first);
    expect(await published()).to.have.members(idsIn(first));
    rmSync(join(folder, 'secrets.json'));
    nowMs += 5 * 60_000;
    expect(await published()).to.have.members(idsIn(first));
  });
});
