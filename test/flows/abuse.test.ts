import { renameSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { Browser } from '../support/browser.ts';
import { authorizeUrl, CLIENTS, exchange, signIn, startStack, withBearer } from '../support/stack.ts';

describe('a changed clients file', () => {
  it('is read without a restart; a faulty one is refused; a removed app loses its tokens', async () => {
    const stack = await startStack();
    const { body } = await exchange(stack, await signIn(stack));
    const replace = async (text: string, event: string): Promise<void> => {
      writeFileSync(`${stack.clientsFile}.new`, text);
      renameSync(`${stack.clientsFile}.new`, stack.clientsFile);
      const before = stack.logs.filter((line) => line.includes(`"event":"${event}"`)).length;
      process.emit('SIGHUP');
      let told = 0;
      await stack.logged(event, () => (told += 1) > before);
    };
    await replace('clients:\n  - client_id: [', 'clients_refused');
    expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(200);
    await replace(CLIENTS.replace('client_id: web', 'client_id: renamed'), 'clients_reloaded');
    expect((await withBearer(`${stack.issuer}/userinfo`, body['access_token'])).status).to.equal(401);
    expect((await new Browser().request(authorizeUrl(stack.issuer))).status).to.equal(400);
    expect(
      (await new Browser().request(authorizeUrl(stack.issuer, { client_id: 'renamed' }))).status,
    ).to.equal(303);
    const named = { client_id: 'renamed', resource: 'https://new.example/mcp', scope: 'openid new:read' };
    const ask = async () =>
      (await new Browser().request(authorizeUrl(stack.issuer, named))).headers.get('location');
    expect(await ask()).to.equal(null);
    const open = CLIENTS.replace('client_id: web', 'client_id: renamed').replace(
      / +scope: openid profile email.*\n/,
      '',
    );
    await replace(
      `${open}resources:\n  - identifier: https://new.example/mcp\n    scopes: ['new:read']\n`,
      'clients_reloaded',
    );
    expect(await ask(), 'resources too').to.contain('/interaction/');
    await stack.close();
  });
});
