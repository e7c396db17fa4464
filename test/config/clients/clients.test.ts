import { expect } from 'chai';
import { client, SECRET, useClientsFile } from './clients-file.ts';

describe('the clients file', () => {
  const { faultsOf, parse, parsed } = useClientsFile();

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
