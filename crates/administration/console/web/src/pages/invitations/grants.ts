// What a client may ask the token endpoint for: the names of OAuth, and what each is for.

export const CODES = 'authorization_code';
const REFRESH = 'refresh_token';

/** What is ticked at first: what an app needs that people sign in to. */
export const USUAL = [CODES, REFRESH];

export const GRANTS: [name: string, words: string, hint: string][] = [
  [CODES, 'codes', 'People sign in to an app in their browser.'],
  [REFRESH, 'refresh tokens', 'It stays signed in while policy lets it, without asking anybody again.'],
  [
    'urn:ietf:params:oauth:grant-type:device_code',
    'device codes',
    'For what runs where nobody can sign in, such as a screen: people do so on another device.',
  ],
  ['client_credentials', 'tokens in its own name', 'A program that acts for nobody.'],
  [
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'exchanged tokens',
    'A service gets a token for the next one, of the token that came to it.',
  ],
];

export const grantWords = (name: string): string => GRANTS.find(([known]) => known === name)?.[1] ?? name;
