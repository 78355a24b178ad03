import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from 'jose';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TokenVerifier } from './identity';

const region = 'us-west-2';
const userPoolId = 'us-west-2_Pool1';
const clientId = 'client-1';
const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;

let key: CryptoKey;
let other: CryptoKey;
let jwk: JWK;
let server: Server;
let status: number;
let verifier: TokenVerifier;

beforeAll(async () => {
  const pair = await generateKeyPair('RS256');
  key = pair.privateKey;
  other = (await generateKeyPair('RS256')).privateKey;
  jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
});
beforeEach(async () => {
  status = 200;
  server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  verifier = new TokenVerifier({ region, userPoolId, clientId, jwksUrl });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

interface Changes {
  readonly claims?: Record<string, unknown>;
  readonly issuer?: string;
  readonly audience?: string;
  readonly expires?: string;
  readonly kid?: string;
  readonly with?: CryptoKey;
}

const token = (changes: Changes = {}) =>
  new SignJWT({ token_use: 'id', 'cognito:groups': ['author'], email: 'a@example.com', ...changes.claims })
    .setProtectedHeader({ alg: 'RS256', kid: changes.kid ?? 'k1' })
    .setSubject('una')
    .setIssuer(changes.issuer ?? issuer)
    .setAudience(changes.audience ?? clientId)
    .setIssuedAt()
    .setExpirationTime(changes.expires ?? '5m')
    .sign(changes.with ?? key);

test.each(['Bearer ', 'bearer ', ''])('a good ID token after "%s" names its owner', async (prefix) => {
  const jwt = await token();
  expect(await verifier.caller(`${prefix}${jwt}`)).toEqual({
    principal: { sub: 'una', groups: ['author'], email: 'a@example.com' },
    token: jwt,
  });
});

test('groups may be one string', async () => {
  const jwt = await token({ claims: { 'cognito:groups': '[reader admin]' } });
  expect((await verifier.caller(jwt)).principal.groups).toEqual(['reader', 'admin']);
});

test.each<[string, Changes]>([
  ['of another pool', { issuer: `${issuer}x` }],
  ['of another client', { audience: 'client-2' }],
  ['that has expired', { expires: '-2m' }],
  ['that is an access token', { claims: { token_use: 'access' } }],
  ['by an unknown key', { kid: 'k2' }],
])('a token %s is 401', async (_what, changes) => {
  await expect(verifier.caller(`Bearer ${await token(changes)}`)).rejects.toMatchObject({ name: 'UnauthorizedError' });
});

test('a forged signature is 401', async () => {
  await expect(verifier.caller(await token({ with: other }))).rejects.toMatchObject({ name: 'UnauthorizedError' });
});

test('an unsigned token is 401', async () => {
  const unsigned = new UnsecuredJWT({ token_use: 'id', sub: 'una' })
    .setIssuer(issuer)
    .setAudience(clientId)
    .setExpirationTime('5m')
    .encode();
  await expect(verifier.caller(unsigned)).rejects.toMatchObject({ name: 'UnauthorizedError' });
  await expect(verifier.caller(`${unsigned}x`)).rejects.toMatchObject({ name: 'UnauthorizedError' });
});

test.each([undefined, '', 'Bearer', 'Basic dXNlcg==', 'Bearer a.b'])('%s is 401', async (header) => {
  await expect(verifier.caller(header)).rejects.toMatchObject({ name: 'UnauthorizedError' });
});

test.each([[[]], [['reader']], [undefined]])('groups %j are not let in: 403', async (groups) => {
  const jwt = await token({ claims: { 'cognito:groups': groups } });
  await expect(verifier.caller(jwt)).rejects.toMatchObject({ code: 'forbidden' });
});

test('keys that cannot be read are not the token’s fault', async () => {
  status = 500;
  await expect(verifier.caller(await token())).rejects.toMatchObject({ code: 'timeout' });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await expect(verifier.caller(await token())).rejects.toMatchObject({ code: 'timeout' });
});
