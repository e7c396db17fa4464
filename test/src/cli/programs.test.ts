import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { loadConfig } from '../../../config/config.ts';
import { clientFields } from '../../../src/cli/client-fields.ts';
import { CommandError } from '../../../src/cli/context.ts';
import { newClient } from '../../../src/cli/new-client.ts';
import { clientsDocument } from '../../../src/cli/programs/document.ts';
import { entryOf, resourceOf } from '../../../src/cli/programs/program.ts';
import { PROGRAMS } from '../../../src/cli/programs/table.ts';
import { RUNS } from '../../interop/runs.ts';
import { runProgram } from '../../support/programs.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the table of client programs', () => {
  it('is what docs/clients.md says (npm run clients-doc)', () => {
    expect(read('docs/clients.md')).to.equal(clientsDocument());
  });

  it('says of each how it is known, by a test that is there and the version that is pinned', () => {
    const pinned = { ...JSON.parse(read('package.json')).devDependencies } as Record<string, string>;
    for (const { name, checked } of PROGRAMS) {
      if (checked.by === 'test') {
        expect(read(checked.file), name).to.contain(checked.pinned);
        expect(pinned[checked.pinned], name).to.equal(checked.version);
      }
      if (checked.by === 'interop') {
        expect(RUNS, name).to.have.property(name);
        expect(read(`test/interop/programs/${checked.lock}`), name)
          .to.contain(checked.pinned)
          .and.contain(checked.version);
      }
      expect(
        checked.by === 'nobody' && name in RUNS,
        `${name} is run, and its row says that it is not`,
      ).to.equal(false);
    }
    expect(Object.keys(RUNS).filter((name) => !PROGRAMS.some((row) => row.name === name))).to.deep.equal([]);
    expect(new Set(PROGRAMS.map(({ name }) => name)).size).to.equal(PROGRAMS.length);
  });

  it('has entries that the server takes without a warning', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ib-oauth-programs-'));
    const clients = PROGRAMS.map((program) => {
      const { redirectUris, fields } = entryOf(program, 'https://app.acme.com');
      const isPublic = fields['token_endpoint_auth_method'] === 'none';
      const secret = isPublic ? {} : { client_secret_env: 'A_SECRET' };
      return { client_id: program.name, redirect_uris: redirectUris, ...secret, ...fields };
    });
    const resources = PROGRAMS.flatMap((program) => resourceOf(program, 'https://app.acme.com') ?? []);
    const file = join(folder, 'clients.yaml');
    writeFileSync(file, stringify({ clients, resources }));
    const loaded = loadConfig({ CLIENTS_FILE: file, DATA_DIR: folder, A_SECRET: 'a'.repeat(64) });
    rmSync(folder, { recursive: true });
    expect(loaded.ok ? loaded.warnings : loaded.faults).to.deep.equal([]);
  });
});

describe('client add --for', function () {
  this.timeout(60_000);
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-for-'));
    file = join(folder, 'clients.yaml');
    writeFileSync(file, 'clients: []\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const add = (...args: string[]) =>
    runProgram(
      'cli/main.ts',
      { CLIENTS_FILE: file, DATA_DIR: join(folder, 'data'), ISSUER: 'https://sign-in.acme.com' },
      { args: ['--json', 'client', 'add', ...args] },
    );
  const entry = () => parse(readFileSync(file, 'utf8')).clients[0] as Record<string, unknown>;

  it('writes the program’s entry at the app’s origin and prints its settings, the secret in no second place', async () => {
    const { code, stdout, stderr } = await add(
      'portal',
      '--for',
      'go-oidc',
      '--origin',
      'https://portal.acme.com/',
    );
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(entry()).to.deep.equal({
      client_id: 'portal',
      client_name: 'portal',
      client_secret_env: 'PORTAL_SECRET',
      redirect_uris: ['https://portal.acme.com/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      scope: 'openid profile email offline_access',
      post_logout_redirect_uris: ['https://portal.acme.com/bye'],
    });
    const { settings, client_secret: secret } = JSON.parse(stdout) as Record<string, string>;
    expect(settings)
      .to.contain('oidc.NewProvider(ctx, "https://sign-in.acme.com")')
      .and.contain('"portal"')
      .and.contain('"https://portal.acme.com/callback"')
      .and.not.contain(secret);
  });

  it('lets every flag win, and needs no origin where the program’s addresses are its own', async () => {
    const flags = ['--no-refresh', '--scope', 'openid profile', '--redirect-uri', 'http://127.0.0.1/mine'];
    const { code, stderr } = await add('tool', '--for', 'mcp-remote', ...flags);
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(entry()).to.deep.equal({
      client_id: 'tool',
      client_name: 'tool',
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/mine'],
      grant_types: ['authorization_code'],
      scope: 'openid profile',
    });
  });

  it('enters the API beside an app that calls it, and leaves the scopes of an MCP client to its server', async () => {
    const { code, stderr } = await add(
      'report',
      '--for',
      'spring-resource-server',
      '--origin',
      'https://api.acme.com',
    );
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(parse(readFileSync(file, 'utf8')).resources).to.deep.equal([
      { identifier: 'https://api.acme.com/api', scopes: ['reports:read'], token_format: 'jwt' },
    ]);
    const options = { redirectUri: [], platform: [], refresh: true, for: 'mcp-inspector' };
    expect((await newClient('inspector', options, clientFields())).scope).to.equal(undefined);
  });

  it('says what is missing or unknown', async () => {
    for (const [id, said, says] of [
      ['x', { for: 'netscape' }, '--for: netscape is not known; known are '],
      ['x', { for: 'go-oidc' }, 'client add --for go-oidc needs --origin, such as https://app.acme.com'],
      ['x', { for: 'go-oidc', origin: 'a.example' }, '--origin: a.example is not an address such as '],
      ['x', { for: 'go-oidc', origin: 'https://a.example/b' }, '--origin: https://a.example/b is not an '],
      [
        'x',
        { for: 'go-oidc', redirectUri: ['nowhere'] },
        '--redirect-uri: nowhere is not an address such as ',
      ],
      ['x', { origin: 'https://a.example' }, '--origin is for --for'],
      [undefined, { for: 'go-oidc', origin: 'https://a.example' }, 'client add --for needs <id>'],
    ] as const) {
      const options = { redirectUri: [], platform: [], refresh: true, ...said };
      const refused = await newClient(id, options, clientFields()).catch((error: unknown) => error);
      expect(refused).to.be.an.instanceOf(CommandError);
      expect((refused as CommandError).lines.join()).to.contain(says);
    }
  });
});
