import { expect } from 'chai';
import { client, SECRET, useClientsFile } from './clients-file.ts';

describe('a field of the clients file with a mistake', () => {
  const { faultsOf } = useClientsFile();
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
    'a value where a name belongs': [
      `clients: [{ client_id: a, client_secret_env: [A_SECRET, 's3cr3t!'], ${uris} }]`,
      'clients[0].client_secret_env[1]: must be the name of an environment variable',
    ],
    'a number where a name belongs': [
      `clients: [{ client_id: a, client_secret_env: [A_SECRET, 5], client_secret_file: 5, ${uris} }]`,
      'clients[0].client_secret_env[1]: must be text',
      'clients[0].client_secret_file: must be text',
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
    'an unknown scope': [
      client('scope: openid ib:apy,'),
      'clients[0].scope: "ib:apy" is not one of openid profile email offline_access ib:api ib:session',
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
});
