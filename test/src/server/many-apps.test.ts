import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseYaml } from '../../../config/clients/yaml-document.ts';
import { logged, startProcess, timesLogged } from '../../support/processes.ts';
import { runProgram } from '../../support/programs.ts';

const APPS = 5000;

function fileOf(apps: number, more = ''): string {
  const entries = Array.from(
    { length: apps },
    (_, at) => `  - client_id: app-${at}
    client_name: Application number ${at}
    token_endpoint_auth_method: none
    redirect_uris: [https://app-${at}.example/callback]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile offline_access ib:api
`,
  );
  return `clients:\n${entries.join('')}${more}`;
}

describe('a server with thousands of apps', function () {
  this.timeout(120_000);
  let folder: string;
  let clientsFile: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-many-'));
    clientsFile = join(folder, 'clients.yaml');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('says how many the setting allows, where there are more', async () => {
    writeFileSync(clientsFile, fileOf(1001));
    const refused = await runProgram('main.ts', {
      CLIENTS_FILE: clientsFile,
      DATA_DIR: ':memory:',
      PORT: '0',
    });
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.equal(
      `${clientsFile}: clients: 1001 apps, more than CLIENTS_LIMIT=1000 allows\n`,
    );
    const wrong = await runProgram('main.ts', { CLIENTS_FILE: clientsFile, CLIENTS_LIMIT: '20001' });
    expect(wrong.stderr).to.match(/^CLIENTS_LIMIT: must be a whole number from 1 to 20000\n/);
  });

  it('answers while it reads them again, and takes the new ones', async () => {
    writeFileSync(clientsFile, fileOf(APPS));
    const env = {
      CLIENTS_FILE: clientsFile,
      CLIENTS_LIMIT: String(APPS + 1),
      DATA_DIR: ':memory:',
      PORT: '0',
    };
    const { child, output } = await startProcess(env);
    const origin = /\((127\.0\.0\.1:\d+)\)/.exec(output.join(''))?.[1] ?? '';
    const known = async (id: string): Promise<boolean> => {
      const query = `client_id=${id}&response_type=code&redirect_uri=https://${id}.example/callback`;
      const { status } = await fetch(`http://${origin}/authorize?${query}`, { redirect: 'manual' });
      return status === 303;
    };
    try {
      expect(await known(`app-${APPS - 1}`)).to.equal(true);
      expect(await known(`app-${APPS}`)).to.equal(false);
      let answered = 0;
      writeFileSync(clientsFile, fileOf(APPS + 1));
      child.kill('SIGHUP');
      while (timesLogged(output, 'clients_reloaded') === 0) {
        await (await fetch(`http://${origin}/healthz`)).arrayBuffer();
        answered += 1;
      }
      expect(answered).to.be.above(20);
      expect(await known(`app-${APPS}`)).to.equal(true);
      writeFileSync(clientsFile, fileOf(APPS, '  - client_id: [\n'));
      await logged({ origin, child, output }, 'clients_refused', 0);
      expect(output.join('')).to.match(/clients\.yaml:\d+:\d+: /);
      expect(await known(`app-${APPS}`), 'the former stay').to.equal(true);
    } finally {
      child.kill('SIGTERM');
    }
  });
});

describe('a large clients’ file', () => {
  const padding = `# ${'x'.repeat(200_000)}\n`;
  it('means what a small one means', () => {
    for (const text of [
      'a: 0o17\nb: 017\nc: 0x1F\nd: yes\ne: ~\nf: 2001-01-01\ng: 1_000\nh: .inf\n',
      'a: "\\x41\\u202e"\nb: |\n  one\n  two\nc: [x, {y: z}]\n"d e": https://x.example/?a=b&c=*\n',
      '{"clients": [{"client_id": "a", "n": 1.5e3, "t": true, "u": null}]}',
      '__proto__: {x: 1}\n<<: {a: 1}\n',
      'a: &x [1, 2]\nb: *x\n',
      'a: 1\na: 2\n',
      'a: 1\n---\nb: 2\n',
      'a: [\n',
      'a: *nobody\n',
    ]) {
      const small = parseYaml('f', text);
      const large = parseYaml('f', `${text}\n${padding}`);
      expect(large.ok, text).to.equal(small.ok);
      if (small.ok) expect(large, text).to.deep.equal(small);
    }
  });

  it('does not grow by aliases', () => {
    const levels = Array.from({ length: 9 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at},`.repeat(10)}]`);
    const bomb = `a0: &a0 [x]\n${levels.join('\n')}\n`;
    expect(parseYaml('f', bomb).ok).to.equal(false);
    expect(parseYaml('f', `${bomb}${padding}`).ok).to.equal(false);
  });
});
