import { expect } from 'chai';
import { parse } from 'yaml';
import { attributeOf, Browser, decodeEntities } from '../support/browser.ts';
import { API, authorizeUrl, CLIENTS } from '../support/resources.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { answerIn, basic, post } from '../support/standards.ts';

describe('resources that are not configured', () => {
  let stack: Stack;
  before(async () => {
    stack = await startStack({ clients: CLIENTS });
  });
  after(() => stack.close());

  const UNKNOWN = 'https://unknown.example/mcp?"<b>';

  it('are told to the user in a page that says what an admin has to add, and in the log as one line', async () => {
    stack.logs.length = 0;
    const page = await new Browser().request(
      authorizeUrl(stack.issuer, {
        resource: UNKNOWN,
        scope: 'openid files:read'.replace('files:read', 'profile'),
      }),
    );
    expect([page.status, page.headers.get('location')]).to.deep.equal([400, null]);
    expect(page.body).to.not.contain('<b>');
    const [, copied = ''] = /<pre>([\s\S]*?)<\/pre>/.exec(page.body) ?? [];
    const wanted = [{ identifier: UNKNOWN, scopes: ['profile'] }];
    expect(parse(decodeEntities(copied))).to.deep.equal(wanted);
    const back = new URL(attributeOf(page, 'data-cancel', 'href') ?? '');
    expect(back.searchParams.get('error')).to.equal('invalid_target');
    expect(back.searchParams.get('state')).to.equal('the-state');
    const { line, clientId } = await stack.logged('resource_unknown');
    expect(parse(String(line))).to.deep.equal(wanted);
    expect([clientId, String(line).includes('\n')]).to.deep.equal(['web', false]);
  });

  it('are told in plain characters, whatever they are made of', async () => {
    const resource = 'https://a.example/\u009b31m\u202e\u{1F600}"';
    await new Browser().request(authorizeUrl(stack.issuer, { resource }));
    const isIt = ({ line }: Readonly<Record<string, unknown>>): boolean => String(line).includes('a.example');
    const { line } = await stack.logged('resource_unknown', isIt);
    expect(line).to.match(/^[\x20-\x7e]+$/);
    expect(parse(String(line))[0]['identifier']).to.equal(resource);
  });

  it('are an error for the app where nobody looks on', async () => {
    const silent = await new Browser().request(
      authorizeUrl(stack.issuer, { resource: UNKNOWN, prompt: 'none' }),
    );
    expect(answerIn(silent).get('error')).to.equal('invalid_target');
    const machine = { grant_type: 'client_credentials', resource: UNKNOWN };
    const form = new URL(authorizeUrl(stack.issuer, { resource: UNKNOWN })).search.slice(1);
    for (const answer of [
      await post(stack, '/token', machine, basic('web')),
      await post(stack, '/par', form, basic('web')),
      await post(stack, '/device_authorization', { client_id: 'tv', resource: UNKNOWN }),
    ]) {
      expect([answer.status, answer.body['error']]).to.deep.equal([400, 'invalid_target']);
      expect(answer.body['error_description'])
        .to.contain('clients file')
        .and.match(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/, 'RFC 6749 section 5.2');
    }
    await stack.logged('resource_unknown', ({ clientId }) => clientId === 'tv');
  });

  it('are other paths, queries, hosts, schemes and ports than those that are', async () => {
    for (const resource of [
      `${API}/v1`,
      `${API}?x=1`,
      'http://api.acme.example',
      `${API}:8443`,
      'https://user@api.acme.example',
      'https://mcp.acme.example/MCP',
      'https://mcp.acme.example/mcp%2F',
      'https://mcp.acme.example',
      'urn:mcp.acme.example',
    ]) {
      const page = await new Browser().request(authorizeUrl(stack.issuer, { resource }));
      expect([page.status, page.body.includes('invalid_target')], resource).to.deep.equal([400, true]);
    }
  });
});
