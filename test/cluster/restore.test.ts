import { BatchWriteItemCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect } from 'chai';
import { ensureTable, reviewTable } from '../../adapters/store/engines/dynamodb-tables.ts';
import { attributeOf, Browser } from '../support/browser.ts';
import { TABLES } from '../support/engines.ts';
import { type Cluster, startCluster, type Worker } from '../support/processes.ts';
import { authorizeUrl, VERIFIER, WEB_SECRET } from '../support/stack.ts';

const RESTORED = { state: 'ib-oauth-state-test-again', tokens: 'ib-oauth-tokens-test-again' };
const ON_RESTORED = { STATE_TABLE: RESTORED.state, TOKEN_TABLE: RESTORED.tokens };
const MOST_WRITES = 25;

/**
 * What a restore to a point in time leaves: tables of other names with the items of that moment, without TTL and recovery.
 * No emulator restores; the rest of docs/operations.md's commands is tried as it stands there.
 */
async function restore(cluster: Cluster): Promise<DynamoDBClient> {
  const client = new DynamoDBClient(cluster.engine?.client ?? {});
  for (const role of ['state', 'tokens'] as const) {
    await ensureTable(client, role, RESTORED[role]);
    const { Items: items = [] } = await client.send(new ScanCommand({ TableName: TABLES[role] }));
    for (let at = 0; at < items.length; at += MOST_WRITES) {
      const writes = items.slice(at, at + MOST_WRITES).map((Item) => ({ PutRequest: { Item } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [RESTORED[role]]: writes } }));
    }
  }
  return client;
}

describe('restored tables', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let restored: Worker;
  let signedIn: Tokens;
  let revokedAfterwards: Tokens;
  let client: DynamoDBClient;

  interface Tokens {
    readonly access_token: string;
    readonly refresh_token: string;
  }

  async function post(
    worker: Worker | undefined,
    path: string,
    params: Record<string, string>,
  ): Promise<Response> {
    return fetch(`${worker?.origin}${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`web:${WEB_SECRET}`)}` },
      body: new URLSearchParams(params),
    });
  }

  async function signIn(worker: Worker | undefined): Promise<Tokens> {
    const browser = new Browser(() => worker?.origin ?? '');
    const [acme] = cluster.sandbox.platforms;
    const start = await browser.open(authorizeUrl(cluster.issuer));
    const waiting = await browser.press(start, 'platform', { platform_url: acme.origin });
    const link = new URL(attributeOf(waiting, 'data-ib-login', 'href') ?? '');
    acme.signIn('ada', link.searchParams.get('token') ?? '');
    const consent = await browser.press(waiting, 'continue');
    const { url } = await browser.press(consent, 'consent', { decision: 'allow' });
    const answer = await post(worker, '/token', {
      grant_type: 'authorization_code',
      code: url.searchParams.get('code') ?? '',
      redirect_uri: url.origin + url.pathname,
      code_verifier: VERIFIER,
    });
    expect(answer.status).to.equal(200);
    return (await answer.json()) as Tokens;
  }

  const statusOf = async (worker: Worker | undefined, { access_token: token }: Tokens): Promise<number> =>
    (await fetch(`${worker?.origin}/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status;

  before(async () => {
    cluster = await startCluster(1);
    const [first] = cluster.workers;
    signedIn = await signIn(first);
    revokedAfterwards = await signIn(first);
    client = await restore(cluster);
    await post(first, '/revoke', { token: revokedAfterwards.refresh_token });
    expect(await statusOf(first, revokedAfterwards)).to.equal(401);
    restored = await cluster.start(ON_RESTORED);
  });
  after(async () => {
    client.destroy();
    await cluster.close();
  });

  it('serve whoever was signed in then, by the keys of then', async () => {
    expect(await statusOf(restored, signedIn)).to.equal(200);
    const answer = await post(restored, '/token', {
      grant_type: 'refresh_token',
      refresh_token: signedIn.refresh_token,
    });
    expect(answer.status).to.equal(200);
    const next = (await answer.json()) as Tokens;
    expect(await statusOf(restored, next)).to.equal(200);
    const [first] = cluster.workers;
    expect(await statusOf(first, next), "the stack's own tables are left as they are").to.equal(401);
  });

  it('take new sign-ins', async () => {
    expect(await statusOf(restored, await signIn(restored))).to.equal(200);
  });

  it('know nothing of what was taken back since, as docs/operations.md warns', async () => {
    expect(await statusOf(restored, revokedAfterwards)).to.equal(200);
    await post(restored, '/revoke', { token: revokedAfterwards.refresh_token });
    expect(await statusOf(restored, revokedAfterwards)).to.equal(401);
  });

  it('are found without what a restore leaves off', async () => {
    for (const role of ['state', 'tokens'] as const) {
      const { faults, warnings } = await reviewTable(client, role, RESTORED[role]);
      expect(faults).to.deep.equal([]);
      expect(warnings.join(' '))
        .to.contain('TTL is not enabled')
        .and.contain('point-in-time recovery is off');
    }
  });
});
