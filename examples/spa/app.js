// A single-page app with oidc-client-ts: a public client with PKCE, its tokens in memory of this tab.
const element = (id) => document.getElementById(id);

async function main() {
  const { issuer, clientId } = await (await fetch('/settings.json')).json();
  const manager = new oidc.UserManager({
    authority: issuer,
    client_id: clientId,
    redirect_uri: `${location.origin}/`,
    post_logout_redirect_uri: `${location.origin}/`,
    scope: 'openid profile ib:api',
    userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
    loadUserInfo: true,
  });

  if (new URLSearchParams(location.search).has('state')) {
    await manager.signinCallback();
    history.replaceState(null, '', '/');
  }
  const user = await manager.getUser();
  element('sign-in').onclick = () => manager.signinRedirect();
  if (!user) return;

  element('who').textContent = `Hello, ${user.profile.name}.`;
  element('sign-in').hidden = true;
  for (const id of ['folders', 'sign-out']) element(id).hidden = false;
  element('sign-out').onclick = () => manager.signoutRedirect();
  element('folders').onclick = async () => {
    const path = `/proxy/api/3.0.0/${user.profile.ib_client_id}/folder.limit(0,5)`;
    const answer = await fetch(issuer + path, { headers: { authorization: `Bearer ${user.access_token}` } });
    element('out').textContent = await answer.text();
  };
}

main().catch((error) => {
  element('out').textContent = `Sign-in failed: ${error.message}`;
});
