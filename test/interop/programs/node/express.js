/** express-openid-connect: an app with pages of its own. */
import express from 'express';
import openid from 'express-openid-connect';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, ORIGIN, PORT } = process.env;
const app = express();
app.use(
  openid.auth({
    issuerBaseURL: ISSUER,
    baseURL: ORIGIN,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret: 'a secret of the app alone, for its own cookie',
    authRequired: false,
    idpLogout: true,
    routes: { postLogoutRedirect: '/bye' },
    authorizationParams: { response_type: 'code', scope: 'openid profile email offline_access' },
  }),
);
app.get('/', openid.requiresAuth(), async (request, response) => {
  const { email } = await request.oidc.fetchUserInfo();
  response.send(`signed in as ${request.oidc.user.name}, ${email}`);
});
app.get('/refresh', openid.requiresAuth(), async (request, response) => {
  const before = request.oidc.accessToken.access_token;
  const { access_token: after } = await request.oidc.accessToken.refresh();
  response.send(before === after ? 'the same token' : 'a new token');
});
app.get('/bye', (_request, response) => response.send('signed out'));
app.listen(Number(PORT));
