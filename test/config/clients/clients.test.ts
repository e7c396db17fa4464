import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseClients } from '../../../config/clients/clients.ts';

const SECRET = 'correct-horse-battery-staple';

describe('the clients file', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ib-oauth-clients-'));
    writeFileSync(join(folder, 'secret.txt'), `${SECRET}-from-a-file\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'open.txt'), `${SECRET}-from-a-file\n`, { mode: 0o644 });
    writeFileSync(join(folder, 'empty.txt'), '', { mode: 0o600 });
  });
  after(() => rmSync(folder, { recursive: true }));

  const parse = (text: string) =>
    parseClients(text, {
      name: 'clients.yaml',
      path: join(folder, 'clients.yaml'),
      env: { A_SECRET: SECRET, NEW_SECRET: `new-${SECRET}`, SHORT: 'short', SPACED: 'two words', EMPTY: '' },
      platformFault: (platform) =>
        platform.toLowerCase().endsWith('.intelligencebank.com') ? undefined : 'is not allowed by IB_HOSTS',
      coversPlatform: (one, other) => one.toLowerCase() === other.toLowerCase(),
    });
  const parsed = (text: string) => {
    const result = parse(text);
    if (!result.ok) expect.fail(result.faults.join('\n'));
    return result;
  };
  const faultsOf = (text: string) => {
    const result = parse(text);
    return result.ok ? [] : result.faults.map((line) => line.replace(/^clients\.yaml: /, ''));
  };
  /** One public client with these further lines. */
  const client = (fields: string, ib = '') =>
    `clients: [{ client_id: a, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/cb'], ${fields} ib: { ${ib} } }]`;

  describe('read into registrations', () => {
    it('keeps the names of RFC 7591, fills in its defaults and leaves every secret out', () => {
      const { clients, clientSecrets } = parsed(
        'clients: [{ client_id: app, client_secret_env: A_SECRET, redirect_uris: ["https://a.example/cb"] }]',
      );
      expect(clients).to.deep.equal([
        {
          metadata: {
            client_id: 'app',
            application_type: 'web',
            redirect_uris: ['https://a.example/cb'],
            token_endpoint_auth_method: 'client_secret_basic',
            grant_types: ['authorization_code'],
            response_types: ['code'],
            subject_type: 'public',
            require_auth_time: false,
            require_pushed_authorization_requests: false,
            require_signed_request_object: false,
            dpop_bound_access_tokens: false,
            id_token_signed_response_alg: 'RS256',
            introspection_signed_response_alg: 'RS256',
            backchannel_logout_session_required: false,
          },
          ib: { skipConsent: false, bridgeCompat: false, refreshTokens: 'always' },
        },
      ]);
      expect([...clientSecrets]).to.deep.equal([['app', [SECRET]]]);
      expect(JSON.stringify(clients)).not.to.contain(SECRET);
    });

    it('takes several secrets at once, newest first, from variables and files', () => {
      const { clientSecrets, warnings } = parsed(
        'clients: [{ client_id: app, client_secret_env: [NEW_SECRET, A_SECRET], client_secret_file: secret.txt, redirect_uris: ["https://a.example/cb"] }]',
      );
      expect(clientSecrets.get('app')).to.deep.equal([`new-${SECRET}`, SECRET, `${SECRET}-from-a-file`]);
      expect(warnings).to.deep.equal([]);
    });

    it("reads the product's own settings", () => {
      const { clients } = parsed(
        client(
          '',
          'platforms: [acme.intelligencebank.com], default_platform: ACME.intelligencebank.com, skip_consent: true, bridge_compat: true, refresh_tokens: offline_access',
        ),
      );
      expect(clients[0]?.ib).to.deep.equal({
        platforms: ['acme.intelligencebank.com'],
        defaultPlatform: 'ACME.intelligencebank.com',
        skipConsent: true,
        bridgeCompat: true,
        refreshTokens: 'offline_access',
      });
    });

    it('gives a client without the authorization_code grant no response type', () => {
      const { clients } = parsed(
        'clients: [{ client_id: rs, client_secret_env: A_SECRET, grant_types: [client_credentials] }]',
      );
      expect(clients[0]?.metadata).to.include({ client_id: 'rs' });
      expect(clients[0]?.metadata['response_types']).to.deep.equal([]);
      expect(clients[0]?.metadata['redirect_uris']).to.deep.equal([]);
    });

    it('reads resources, whose scopes clients may then ask for', () => {
      const { clients, resources } = parsed(`
clients:
  - { client_id: a, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/cb'], scope: openid assets:read }
resources:
  - { identifier: 'https://mcp.acme.com/mcp', name: Assets, scopes: [profile, 'assets:read'], token_format: jwt }
  - { identifier: 'urn:acme:api', scopes: [profile] }
`);
      expect(clients[0]?.metadata['scope']).to.equal('openid assets:read');
      expect(resources).to.deep.equal([
        {
          identifier: 'https://mcp.acme.com/mcp',
          name: 'Assets',
          scopes: ['profile', 'assets:read'],
          tokenFormat: 'jwt',
        },
        { identifier: 'urn:acme:api', scopes: ['profile'], tokenFormat: 'opaque' },
      ]);
    });

    it('reads JSON too', () => {
      expect(parsed('{"clients": [], "resources": []}').clients).to.deep.equal([]);
    });

    it('marks and warns of wildcards', () => {
      const { clients, warnings } = parsed(
        'clients: [{ client_id: a, token_endpoint_auth_method: none, redirect_uris: ["https://*.connectingib.com/callback"], ib: { bridge_compat: true } }]',
      );
      expect(clients[0]?.ib.redirectUriWildcards).to.equal(true);
      expect(warnings).to.deep.equal([
        "clients.yaml: clients[0].redirect_uris[0]: whoever controls any host directly under connectingib.com can receive this client's codes",
      ]);
    });
  });

  describe('with mistakes', () => {
    const none = 'token_endpoint_auth_method: none';
    const uris = "redirect_uris: ['https://a.example/cb']";
    const cases: Record<string, [text: string, ...faults: string[]]> = {
      'no list of clients': ['{}', 'clients: is missing'],
      'an empty file': ['', 'must be a group of fields'],
      'clients that are no list': ['clients: 5', 'clients: must be a list'],
      'a client that is no group': ['clients: [5]', 'clients[0]: must be a group of fields'],
      'further documents, whose apps nobody would know': [
        `clients: []\n---\nclients: [{ client_id: a, ${none}, ${uris} }]`,
        'clients.yaml:2:1: must be one document',
      ],
      'an unknown field at the top': [
        'client: []\nclients: []',
        'client: is not a known field; did you mean clients?',
      ],
      'an unknown field': [
        client('redirect_uri: x,'),
        'clients[0].redirect_uri: is not a known field; did you mean redirect_uris?',
      ],
      'a field like no other': [client('"a\\nb": x,'), 'clients[0]["a\\nb"]: is not a known field'],
      'an unknown own setting': [
        client('', 'skip_concent: true'),
        'clients[0].ib.skip_concent: is not a known field; did you mean skip_consent?',
      ],
      'an own setting in the wrong place': [
        client('bridge_compat: true,'),
        'clients[0].bridge_compat: belongs under ib: ib.bridge_compat',
      ],
      'a field of a feature that is not offered': [
        client('id_token_encrypted_response_alg: dir,'),
        'clients[0].id_token_encrypted_response_alg: is not supported: this server does not encrypt what it signs',
      ],
      'a literal secret': [
        `clients: [{ client_id: a, client_secret: ${SECRET}, client_secret_env: A_SECRET, ${uris} }]`,
        'clients[0].client_secret: a secret never stands in this file; name where it is with client_secret_env or client_secret_file',
      ],
      'no client_id': [`clients: [{ ${none}, ${uris} }]`, 'clients[0].client_id: is missing'],
      'a number as client_id': [
        `clients: [{ client_id: 5, ${none}, ${uris} }]`,
        'clients[0].client_id: must be text',
      ],
      'a space in client_id': [
        `clients: [{ client_id: a b, ${none}, ${uris} }]`,
        'clients[0].client_id: must be printable ASCII without spaces',
      ],
      'the same client_id twice': [
        `clients: [{ client_id: a, ${none}, ${uris} }, { client_id: a, ${none}, ${uris} }]`,
        'clients[1].client_id: is the same as clients[0].client_id',
      ],
      'a value that is not on the list': [
        client('application_type: desktop,'),
        'clients[0].application_type: must be one of web, native',
      ],
      'a refused grant type': [
        client('grant_types: [authorization_code, implicit],'),
        'clients[0].grant_types[1]: must be one of authorization_code, refresh_token, client_credentials, urn:ietf:params:oauth:grant-type:device_code, urn:ietf:params:oauth:grant-type:token-exchange',
      ],
      'a response type other than code': [
        client('response_types: [token],'),
        'clients[0].response_types[0]: must be code',
      ],
      'text for a switch': [
        client('', 'skip_consent: maybe'),
        'clients[0].ib.skip_consent: must be true or false',
      ],
      'an empty group': [
        `clients: [{ client_id: a, ${none}, ${uris}, ib: }]`,
        'clients[0].ib: must be a group of fields',
      ],
      'a name over two lines': [
        client('client_name: "a\\nb",'),
        'clients[0].client_name: must be one line without control characters',
      ],
      'a long name': [
        client(`client_name: ${'x'.repeat(201)},`),
        'clients[0].client_name: must have at most 200 characters',
      ],
      'a contact that is no address': [
        client('contacts: [me],'),
        'clients[0].contacts[0]: must be an e-mail address',
      ],
      'a plain http redirect URI': [
        `clients: [{ client_id: a, ${none}, redirect_uris: ['https://a.example/cb', 'http://a.example/cb'] }]`,
        'clients[0].redirect_uris[1]: must be https or loopback',
      ],
      'a faulty and a refused redirect URI': [
        `clients: [{ client_id: a, ${none}, redirect_uris: [5, 'http://a.example/cb'] }]`,
        'clients[0].redirect_uris[0]: must be text',
        'clients[0].redirect_uris[1]: must be https or loopback',
      ],
      'a wildcard without bridge_compat': [
        `clients: [{ client_id: a, ${none}, redirect_uris: ['https://*.a.example/cb'] }]`,
        'clients[0].redirect_uris[0]: must not hold a wildcard (*), which is only for clients with ib.bridge_compat: true',
      ],
      'a wildcard after signing out': [
        client("post_logout_redirect_uris: ['https://*.a.example/'],", 'bridge_compat: true'),
        'clients[0].post_logout_redirect_uris[0]: must not hold a wildcard (*), which is only for clients with ib.bridge_compat: true',
      ],
      'a logo over http': [
        client("logo_uri: 'http://localhost/logo.png',"),
        'clients[0].logo_uri: must be https',
      ],
      'keys over http': [
        client("jwks_uri: 'http://a.example/jwks',"),
        'clients[0].jwks_uri: must be https or loopback',
      ],
      'no redirect URI': [
        `clients: [{ client_id: a, ${none} }]`,
        'clients[0].redirect_uris: is needed for the authorization_code grant type',
      ],
      'no secret': [
        `clients: [{ client_id: a, ${uris} }]`,
        'clients[0].token_endpoint_auth_method: client_secret_basic needs client_secret_env or client_secret_file (or set none for a public client)',
      ],
      'a public client with a secret': [
        client('client_secret_env: A_SECRET,'),
        'clients[0].client_secret_env: is not used with token_endpoint_auth_method: none; remove it',
      ],
      'a missing variable': [
        `clients: [{ client_id: a, client_secret_env: [A_SECRET, NO_SECRET], ${uris} }]`,
        'clients[0].client_secret_env[1]: the environment variable NO_SECRET is not set',
      ],
      'an empty variable': [
        `clients: [{ client_id: a, client_secret_env: EMPTY, ${uris} }]`,
        'clients[0].client_secret_env: the environment variable EMPTY is empty',
      ],
      'a secret with spaces': [
        `clients: [{ client_id: a, client_secret_env: SPACED, ${uris} }]`,
        'clients[0].client_secret_env: the environment variable SPACED holds spaces, line breaks or characters that are not ASCII',
      ],
      'a value where a name belongs': [
        `clients: [{ client_id: a, client_secret_env: [A_SECRET, 's3cr3t!'], ${uris} }]`,
        'clients[0].client_secret_env[1]: must be the name of an environment variable',
      ],
      'a number where a name belongs': [
        `clients: [{ client_id: a, client_secret_env: [A_SECRET, 5], client_secret_file: 5, ${uris} }]`,
        'clients[0].client_secret_env[1]: must be text',
        'clients[0].client_secret_file: must be text',
      ],
      'a missing secret file': [
        `clients: [{ client_id: a, client_secret_file: none.txt, ${uris} }]`,
        'clients[0].client_secret_file: the file "none.txt" does not exist',
      ],
      'an empty secret file': [
        `clients: [{ client_id: a, client_secret_file: empty.txt, ${uris} }]`,
        'clients[0].client_secret_file: the file "empty.txt" is empty',
      ],
      'private_key_jwt without keys': [
        `clients: [{ client_id: a, token_endpoint_auth_method: private_key_jwt, ${uris} }]`,
        'clients[0].token_endpoint_auth_method: private_key_jwt needs jwks or jwks_uri',
      ],
      'both jwks and jwks_uri': [
        client("jwks_uri: 'https://a.example/jwks', jwks: { keys: [{ kty: OKP, crv: Ed25519, x: abc }] },"),
        'clients[0].jwks_uri: must not stand beside jwks; keep one',
      ],
      'a private key': [
        client('jwks: { keys: [{ kty: EC, crv: P-256, x: abc, y: abc, d: abc }] },'),
        'clients[0].jwks.keys[0]: is a private key; only its public half belongs here, and it counts as leaked',
      ],
      'half a key': [
        client('jwks: { keys: [{ kty: RSA, n: abc }] },'),
        'clients[0].jwks.keys[0].e: is missing',
      ],
      'a symmetric key': [
        client('jwks: { keys: [{ kty: oct, k: abc }] },'),
        'clients[0].jwks.keys[0].kty: must be one of RSA, EC, OKP',
      ],
      'an assertion algorithm without assertions': [
        client('token_endpoint_auth_signing_alg: ES256,'),
        'clients[0].token_endpoint_auth_signing_alg: is only used with token_endpoint_auth_method: private_key_jwt',
      ],
      'signed requests without keys': [
        client('require_signed_request_object: true, request_object_signing_alg: ES256,'),
        'clients[0].require_signed_request_object: needs jwks or jwks_uri',
        'clients[0].request_object_signing_alg: needs jwks or jwks_uri',
      ],
      'refresh_token alone': [
        `clients: [{ client_id: a, client_secret_env: A_SECRET, grant_types: [refresh_token] }]`,
        'clients[0].grant_types: refresh_token needs authorization_code or the device_code grant type beside it',
      ],
      'client_credentials of a public client': [
        client('grant_types: [authorization_code, client_credentials],'),
        'clients[0].grant_types: client_credentials is only for clients that authenticate, not for token_endpoint_auth_method: none',
      ],
      'code without its grant': [
        `clients: [{ client_id: a, client_secret_env: A_SECRET, grant_types: [client_credentials], response_types: [code] }]`,
        'clients[0].response_types: code needs authorization_code in grant_types',
      ],
      'the grant without code': [
        client('response_types: [],'),
        'clients[0].response_types: must hold code for the authorization_code grant type',
      ],
      'an unknown scope': [
        client('scope: openid ib:apy,'),
        'clients[0].scope: "ib:apy" is not one of openid profile email offline_access ib:api ib:session',
      ],
      'pairwise subjects over several hosts': [
        `clients: [{ client_id: a, ${none}, subject_type: pairwise, redirect_uris: ['https://a.example/', 'https://b.example/'] }]`,
        'clients[0].sector_identifier_uri: is needed for pairwise subjects where redirect_uris name several hosts',
      ],
      'pairwise subjects on devices': [
        client(
          "subject_type: pairwise, grant_types: [authorization_code, 'urn:ietf:params:oauth:grant-type:device_code'],",
        ),
        'clients[0].subject_type: pairwise with the device_code grant type needs private_key_jwt and jwks_uri',
      ],
      'a logout session without logout': [
        client('backchannel_logout_session_required: true,'),
        'clients[0].backchannel_logout_session_required: needs backchannel_logout_uri',
      ],
      'a foreign platform': [
        client('', 'platforms: [acme.intelligencebank.com, evil.example]'),
        'clients[0].ib.platforms[1]: is not allowed by IB_HOSTS',
      ],
      'a foreign default platform': [
        client('', 'default_platform: evil.example'),
        'clients[0].ib.default_platform: is not allowed by IB_HOSTS',
      ],
      'a default platform off the list': [
        client('', 'platforms: [a.intelligencebank.com], default_platform: b.intelligencebank.com'),
        'clients[0].ib.default_platform: must be one of ib.platforms',
      ],
      'looks that nobody can read or find': [
        client('', "color: '#ffff00', logo: none.svg"),
        'clients[0].ib.logo: does not exist',
        'clients[0].ib.color: is too light to be read on white: contrast 1.1, needs 4.5',
      ],
      'times of logins where no ID token tells them': [
        client('scope: profile, default_max_age: 60, require_auth_time: true,'),
        'clients[0].default_max_age: needs openid in scope: it is told in ID tokens alone',
        'clients[0].require_auth_time: needs openid in scope: it is told in ID tokens alone',
      ],
      'resources that are served by nobody, or by anybody': [
        `${client('')}\nresources: [{ identifier: 'https://a.example/', scopes: [profile], client_id: b }, { identifier: 'https://b.example/', scopes: [profile], client_id: a }]`,
        'resources[0].client_id: is not the client_id of a client in this file',
        'resources[1].client_id: must not be a public client, which proves nothing',
      ],
      'resources with secrets in their names, or names that are read in two ways': [
        `clients: []\nresources: [{ identifier: 'https://u:p@a.example/', scopes: [profile] }, { identifier: 'https:a.example', scopes: [profile] }]`,
        'resources[0].identifier: must not hold a user name or password',
        'resources[1].identifier: must be an absolute URI',
      ],
      'resources with mistakes': [
        `clients: []\nresources: [{ identifier: /mcp, scopes: [] }, { identifier: 'https://a.example/#x', scopes: ['a b'], token_formats: jwt }, { identifier: /mcp, scopes: [profile] }]`,
        'resources[0].scopes: must not be empty',
        'resources[0].identifier: must be an absolute URI',
        'resources[1].scopes[0]: must be one scope, without spaces, quotes and backslashes',
        'resources[1].token_formats: is not a known field; did you mean token_format?',
        'resources[1].identifier: must not have a fragment (#)',
        'resources[2].identifier: must be an absolute URI',
        'resources[2].identifier: is the same as resources[0].identifier',
      ],
    };
    for (const [name, [text, ...faults]] of Object.entries(cases)) {
      it(`names ${name}`, () => expect(faultsOf(text)).to.deep.equal(faults));
    }

    it('reports all of them at once, in the order of the file', () => {
      const text = `
clients:
  - client_id: one
    token_endpoint_auth_method: none
    redirect_uris: [https://one.example/cb, http://one.example/cb]
    scopes: openid
  - client_id: two
    client_secret_env: NO_SECRET
    redirect_uris: [https://two.example/cb#x]
    application_typ: native
    ib: { platform: [acme.intelligencebank.com], default_platform: evil.example }
  - client_id: two
    client_secret: hunter2hunter2
resources:
  - identifier: mcp
    scopes: [profile]
`;
      expect(faultsOf(text)).to.deep.equal([
        'clients[0].scopes: is not a known field; did you mean scope?',
        'clients[0].redirect_uris[1]: must be https or loopback',
        'clients[1].ib.platform: is not a known field; did you mean platforms?',
        'clients[1].application_typ: is not a known field; did you mean application_type?',
        'clients[1].redirect_uris[0]: must not have a fragment (#)',
        'clients[1].ib.default_platform: is not allowed by IB_HOSTS',
        'clients[1].client_secret_env: the environment variable NO_SECRET is not set',
        'clients[2].client_secret: a secret never stands in this file; name where it is with client_secret_env or client_secret_file',
        'clients[2].client_id: is the same as clients[1].client_id',
        'clients[2].redirect_uris: is needed for the authorization_code grant type',
        'resources[0].identifier: must be an absolute URI',
      ]);
    });

    it('never repeats a value, which may be a secret', () => {
      const lines = faultsOf(`
clients:
  - { client_id: [${SECRET}], client_secret: ${SECRET}, client_secret_env: "${SECRET}", jwks: ${SECRET}, redirect_uris: ["${SECRET}"] }
`);
      expect(lines).to.have.length.greaterThan(4);
      expect(lines.join('\n')).not.to.contain(SECRET);
    });

    it('gives line and column where the YAML itself is broken', () => {
      const result = parse('clients:\n  - client_id: a\n    client_id: b\n  - "open\n');
      expect(result).to.have.property('ok', false);
      expect(result.ok ? [] : result.faults).to.deep.equal([
        'clients.yaml:3:5: Map keys must be unique',
        'clients.yaml:5:1: Missing closing "quote',
      ]);
    });

    it('refuses a small file that would unfold into a large one', () => {
      const lines = Array.from({ length: 12 }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n}, `.repeat(9)}]`);
      const result = parse(`l0: &l0 [x]\n${lines.join('\n')}\nclients: []\n`);
      expect(result.ok ? [] : result.faults).to.deep.equal([
        'clients.yaml: Excessive alias count indicates a resource exhaustion attack',
      ]);
    });
  });

  describe('with doubtful settings', () => {
    const cases: Record<string, [text: string, warning: string]> = {
      'a short secret': [
        "clients: [{ client_id: a, client_secret_env: SHORT, redirect_uris: ['https://a.example/cb'] }]",
        'clients[0].client_secret_env: the secret is shorter than 22 characters',
      ],
      'a secret file that others may read': [
        "clients: [{ client_id: a, client_secret_file: open.txt, redirect_uris: ['https://a.example/cb'] }]",
        'clients[0].client_secret_file: the file "open.txt" can be read by others (chmod 600)',
      ],
      'offline_access without refresh tokens': [
        client('scope: openid offline_access,'),
        'clients[0].scope: offline_access has no effect without refresh_token in grant_types',
      ],
      'refresh tokens that are never given': [
        client(
          'grant_types: [authorization_code, refresh_token], scope: openid,',
          'refresh_tokens: offline_access',
        ),
        'clients[0].ib.refresh_tokens: offline_access is not in scope, so this client never gets a refresh token',
      ],
      'a native app without consent': [
        client('application_type: native,', 'skip_consent: true'),
        'clients[0].ib.skip_consent: has no effect for a native app: anyone can use its client_id, so users are always asked (RFC 8252 8.6)',
      ],
    };
    for (const [name, [text, warning]] of Object.entries(cases)) {
      it(`warns of ${name}`, () => expect(parsed(text).warnings).to.deep.equal([`clients.yaml: ${warning}`]));
    }
  });
});
