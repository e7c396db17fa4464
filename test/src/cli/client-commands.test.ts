import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { clientSchema } from '../../../config/clients/schema.ts';
import { useAdmin } from './admin.ts';

describe('the admin’s commands for apps', function () {
  this.timeout(60_000);
  const admin = useAdmin();
  const { run, variables } = admin;

  it('register an app with any field of the file', () => {
    const words = (text: string) => text.split(' ');
    const added = run([
      ...words('--json client add full --redirect-uri https://full.example/cb'),
      ...words('--post-logout-redirect-uri https://full.example/bye https://full.example/gone'),
      ...words('--backchannel-logout-uri https://full.example/out --backchannel-logout-session-required'),
      ...words('--default-max-age 3600 --require-auth-time false --contact ops@full.example'),
      ...words('--token-endpoint-auth-method private_key_jwt --jwks-uri https://full.example/jwks'),
      ...words('--ib-profile fapi2 --ib-id-token-ib-claims false --ib-color #123456'),
    ]);
    expect(added.stderr).to.equal('');
    expect(JSON.parse(added.stdout)).to.deep.equal({ client_id: 'full' });
    const shown = JSON.parse(run(['--json', 'client', 'show', 'full']).stdout) as Record<string, object>;
    expect(shown['metadata']).to.deep.include({
      post_logout_redirect_uris: ['https://full.example/bye', 'https://full.example/gone'],
      backchannel_logout_uri: 'https://full.example/out',
      backchannel_logout_session_required: true,
      default_max_age: 3600,
      require_auth_time: false,
      contacts: ['ops@full.example'],
      token_endpoint_auth_method: 'private_key_jwt',
    });
    expect(shown['ib']).to.deep.include({
      profile: 'fapi2',
      idTokenIbClaims: false,
      brand: { color: '#123456' },
    });
    const refused = run(
      words('client add bad --redirect-uri https://bad.example/cb --logo-uri http://bad.example'),
    );
    expect([refused.status, refused.stderr.trim()]).to.deep.equal([
      1,
      `${admin.file}: clients[2].logo_uri: must be https`,
    ]);
    const help = run(['client', 'add', '--help']).stdout;
    for (const field of Object.keys(clientSchema().shape)) {
      const flag = { client_id: 'id', client_name: '--name', ib: '--ib-profile', client_id_issued_at: '' }[
        field
      ];
      expect(help).to.contain(
        flag ?? `--${field.replaceAll('_', '-').replace(/(uri|type|mode|contact)s$/, '$1')}`,
      );
    }
    run(['client', 'remove', 'full']);
  });

  const add = (id: string) => ['client', 'add', id, '--public', '--redirect-uri', 'https://q.example/cb'];

  it('leave the file’s mode as it was, and a link to it a link', () => {
    const link = join(admin.folder, 'link.yaml');
    symlinkSync(admin.file, link);
    chmodSync(admin.file, 0o640);
    variables['CLIENTS_FILE'] = link;
    expect(run(add('linked')).stderr).to.equal('');
    expect(lstatSync(link).isSymbolicLink()).to.equal(true);
    expect(statSync(admin.file).mode & 0o777).to.equal(0o640);
    expect(readFileSync(admin.file, 'utf8')).to.contain('client_id: linked');
  });

  it('change nothing in a file that is none of theirs, and leave nothing beside it', () => {
    const cases: Record<string, string> = {
      'clients: { a: b }\n': 'clients: must be a list',
      '- a\n': 'must be a group of fields',
      'hello\n': 'must be a group of fields',
      'clients: [{ client_id: { toString: x } }]\n': 'clients[0].client_id: must be text',
    };
    for (const [text, fault] of Object.entries(cases)) {
      writeFileSync(admin.file, text);
      const { status, stderr } = run(add('more'));
      expect(status).to.equal(1);
      expect(stderr.split('\n')[0]).to.equal(`${admin.file}: ${fault}`);
      expect(stderr).not.to.contain('    at ');
      expect(readFileSync(admin.file, 'utf8')).to.equal(text);
    }
    variables['CLIENTS_FILE'] = admin.folder;
    expect(run(add('more')).stderr).to.equal(`${admin.folder}: is a folder, not a file\n`);
    expect(readdirSync(admin.folder).filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
  });

  it('do not remove an app of which another stands on a part', () => {
    const shared =
      'clients:\n  - client_id: a\n    token_endpoint_auth_method: none\n    redirect_uris: &u [https://a.example/cb]\n  - client_id: b\n    token_endpoint_auth_method: none\n    redirect_uris: *u\n';
    writeFileSync(admin.file, shared);
    expect(run(['client', 'remove', 'a']).stderr).to.match(
      /^\S+ something in this app is used elsewhere[^\n]+\n$/,
    );
    expect(readFileSync(admin.file, 'utf8')).to.equal(shared);
  });

  it('register an app, keep the comments of the file, and show the secret once', () => {
    const added = run(['--json', 'client', 'add', 'portal', '--redirect-uri', 'https://portal.example/cb']);
    expect(added.stderr).to.equal('');
    const { client_secret: secret, client_secret_env: name } = JSON.parse(added.stdout) as Record<
      string,
      string
    >;
    const text = readFileSync(admin.file, 'utf8');
    expect(text)
      .to.contain('# Ours')
      .and.contain('# the apps')
      .and.contain('# stays')
      .and.contain('portal')
      .and.not.contain(secret);
    variables[name ?? ''] = secret ?? '';
    expect(run(['client', 'list']).stdout)
      .to.contain('first')
      .and.contain('portal');
    expect(run(['client', 'show', 'portal']).stdout)
      .to.contain('https://portal.example/cb')
      .and.not.contain(secret);
    const rotated = JSON.parse(run(['--json', 'client', 'rotate-secret', 'portal']).stdout) as Record<
      string,
      string
    >;
    variables[rotated['client_secret_env'] ?? ''] = rotated['client_secret'] ?? '';
    expect(readFileSync(admin.file, 'utf8')).to.contain('[PORTAL_SECRET_2, PORTAL_SECRET]');
    expect(run(['check']).status).to.equal(0);
    expect(run(['client', 'remove', 'portal']).status).to.equal(0);
    expect(readFileSync(admin.file, 'utf8')).to.contain('# stays').and.not.contain('portal');
  });

  it('say what a running server makes of a secret that it does not have yet, and what comes next', () => {
    const added = run(['client', 'add', 'later', '--redirect-uri', 'https://later.example/cb']).stdout;
    const refuses = (name: string) =>
      new RegExp(`^Servers refuse the file, and a start fails, until ${name} is set: .* restart them`, 'm');
    expect(added).to.match(refuses('LATER_SECRET'));
    variables['LATER_SECRET'] = 'x'.repeat(64);
    const rotated = run(['client', 'rotate-secret', 'later']).stdout;
    expect(rotated)
      .to.match(refuses('LATER_SECRET_2'))
      .and.match(/^When the app uses it, take LATER_SECRET out of the file\.$/m);
    variables['LATER_SECRET_2'] = 'y'.repeat(64);
    run(['client', 'remove', 'later']);
    writeFileSync(join(admin.folder, 'kept'), 'z'.repeat(64), { mode: 0o600 });
    const kept = [
      '--redirect-uri',
      'https://kept.example/cb',
      '--client-secret-file',
      join(admin.folder, 'kept'),
    ];
    expect(run(['client', 'add', 'kept', ...kept]).stderr).to.equal('');
    const refused = run(['client', 'rotate-secret', 'kept']);
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.match(/^kept: its secret lies in a file: .*; no restart is needed$/m);
    run(['client', 'remove', 'kept']);
  });

  it('are noted in the audit stream, where it has a file, with who ran them and without a secret', () => {
    const audit = join(admin.folder, 'audit', 'audit.log');
    variables['AUDIT_FILE'] = audit;
    const added = run(['--json', 'client', 'add', 'noted', '--redirect-uri', 'https://noted.example/cb']);
    const { client_secret: secret, client_secret_env: name } = JSON.parse(added.stdout) as Record<
      string,
      string
    >;
    variables[name ?? ''] = secret ?? '';
    run(['client', 'list']);
    run(['client', 'remove', 'noted']);
    run(['client', 'remove', 'noted']);
    const lines = readFileSync(audit, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).to.containSubset([
      { audit: 'admin_command', admin: userInfo().username, command: 'client add', arguments: ['noted'] },
      { audit: 'admin_command', command: 'client remove', arguments: ['noted'] },
    ]);
    expect(lines, 'what failed or changed nothing is not there').to.have.length(2);
    expect(lines.join()).to.not.contain(secret);
  });

  it('edit the usual file where an empty variable names none, as the server reads it', () => {
    const usual = join(admin.folder, 'config');
    mkdirSync(usual);
    variables['CLIENTS_FILE'] = '';
    const added = run(['client', 'add', 'usual', '--public', '--redirect-uri', 'https://usual.example/cb']);
    expect(added.stderr).to.equal('');
    expect(readFileSync(join(usual, 'clients.yaml'), 'utf8')).to.contain('usual');
  });

  it('never write a file that the server would refuse', () => {
    const before = readFileSync(admin.file, 'utf8');
    for (const args of [
      ['add', 'x', '--redirect-uri', 'http://evil.example'],
      ['add', 'first', '--redirect-uri', 'https://x.example'],
      ['remove', 'nobody'],
      ['add', 'x', '--redirect-uri', 'https://x.example', '--platform', 'evil.example'],
    ]) {
      const refused = run(['client', ...args]);
      expect(refused.status, args.join(' ')).to.equal(1);
      expect(refused.stderr).to.not.equal('').and.not.contain('    at ');
      expect(readFileSync(admin.file, 'utf8')).to.equal(before);
    }
  });

  it('name the keys that are missing, as a start does, before there is a store', () => {
    variables['SECRETS_FILE'] = join(admin.folder, 'none.json');
    const [fault] = run(['check']).stderr.split('\n');
    expect(fault).to.match(/^\S+none\.json: does not exist; make it with: /);
  });

  it('name every fault in one run of check', () => {
    writeFileSync(
      admin.file,
      'clients:\n  - client_id: a\n    redirect_uri: [https://x.example]\n  - client_id: b\n    client_secret: x\n    redirect_uris: [http://x.example]\n',
    );
    const { status, stderr } = run(['check']);
    expect(status).to.equal(1);
    expect(stderr)
      .to.contain('did you mean redirect_uris')
      .and.contain('clients[1].redirect_uris[0]')
      .and.contain('clients[1].client_secret');
  });
});
