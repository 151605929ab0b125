// node-saml as the strict judge of our identity provider.
// usage: node node_saml_peer.mjs SAML_PEER FOLDER   (NODE_PATH or a node_modules beside it has
// @node-saml/node-saml 5.1.0; FOLDER is a scratch folder)
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import assert from 'node:assert/strict';

const require = createRequire(join(resolve(process.env.NODE_SAML_ROOT ?? '.'), 'x.js'));
const { SAML, ValidateInResponseTo, generateServiceProviderMetadata } = require('@node-saml/node-saml');
const [peerPath, folder] = process.argv.slice(2);
const peer = (command, args = [], input = '') =>
  JSON.parse(execFileSync(peerPath, [command, folder, String(Math.floor(Date.now() / 1000)), ...args], { input, timeout: 60000 }));
const read = (name) => readFileSync(join(folder, name), 'utf8');

peer('keys');
execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=node',
  '-keyout', join(folder, 'node.key'), '-out', join(folder, 'node.crt')], { stdio: 'ignore' });
const issuer = 'http://127.0.0.1:18602/sp';
const make = (more = {}) => new SAML({
  entryPoint: 'http://127.0.0.1:18600/idp/sso', logoutUrl: 'http://127.0.0.1:18600/idp/slo', issuer,
  callbackUrl: 'http://127.0.0.1:18602/acs', logoutCallbackUrl: 'http://127.0.0.1:18602/slo',
  idpCert: read('idp.crt'), idpIssuer: 'http://127.0.0.1:18600/idp', audience: issuer,
  wantAssertionsSigned: true, wantAuthnResponseSigned: true, disableRequestedAuthnContext: true,
  validateInResponseTo: ValidateInResponseTo.always, identifierFormat: null,
  privateKey: read('node.key'), publicCert: read('node.crt'), signatureAlgorithm: 'sha256', digestAlgorithm: 'sha256',
  decryptionPvk: read('node.key'), ...more,
});
const metadata = join(folder, 'node-sp.xml');
writeFileSync(metadata, generateServiceProviderMetadata({
  issuer, callbackUrl: 'http://127.0.0.1:18602/acs', logoutCallbackUrl: 'http://127.0.0.1:18602/slo', wantAssertionsSigned: true,
  publicCerts: read('node.crt'), decryptionCert: read('node.crt'), privateKey: read('node.key'),
  generateUniqueId: () => '_metadata', identifierFormat: null,
}));

for (const shape of ['response', 'encrypted']) {
  const sp = make();
  const url = await sp.getAuthorizeUrlAsync('rs1', undefined, {});
  const answer = peer('answer', [metadata, shape], url.split('?')[1]);
  assert.equal(answer.error, undefined);
  const { profile } = await sp.validatePostResponseAsync(answer.form);
  assert.equal(profile.nameID, 'ana');
  assert.deepEqual(profile.groups, ['staff', 'ops & <more>']);
  assert.equal(profile.sessionIndex, 'session-1');
  await assert.rejects(sp.validatePostResponseAsync(answer.form), /InResponseTo/);
  console.log(`node-saml takes our ${shape}, once`);

  const logout = await sp.getLogoutUrlAsync(profile, 'rs2', {});
  const done = peer('logout-answer', ['idp', metadata], logout.split('?')[1]);
  assert.equal(done.name_id, 'ana');
  const query = done.url.split('?')[1];
  const { loggedOut } = await sp.validateRedirectAsync(Object.fromEntries(new URLSearchParams(query)), query);
  assert.equal(loggedOut, true);
  console.log('node-saml logs out at our identity provider');
}
{
  const sp = make();
  const url = await sp.getAuthorizeUrlAsync('', undefined, {});
  const answer = peer('answer', [metadata, 'response'], url.split('?')[1]);
  const xml = Buffer.from(answer.form.SAMLResponse, 'base64').toString();
  const forged = Buffer.from(xml.replace('>ana<', '>eve<')).toString('base64');
  await assert.rejects(sp.validatePostResponseAsync({ SAMLResponse: forged }), /signature/i);
  console.log('node-saml refuses a forged one');
}
const only = make({ wantAuthnResponseSigned: false });
const url = await only.getAuthorizeUrlAsync('', undefined, {});
const answer = peer('answer', [metadata, 'assertion'], url.split('?')[1]);
assert.equal((await only.validatePostResponseAsync(answer.form)).profile.nameID, 'ana');
console.log('node-saml: all good');
