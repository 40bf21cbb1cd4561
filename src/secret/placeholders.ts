// Texts that say themselves that they are not secrets: for development, to be replaced, not yet filled in, or public.

/** What only a value says that is not meant for production, however long the rest of it is. */
const SAYS_SO =
  /(?:^|[^a-z0-9])(?:insecure|(?:not|never)[-_ ]?(?:for|in)[-_ ]?prod(?:uction)?|non[-_ ]?prod(?:uction)?|(?:do[-_ ]?not|dont|don't)[-_ ]?(?:use|commit|deploy)|(?:dev|development|testing)[-_ ]?only|for[-_ ]?(?:dev|development|testing|tests)|(?:change|replace)[-_ ]?me|not[-_ ]?(?:a|so|very)?[-_ ]?(?:secret|secure))(?:$|[^a-z0-9])/i;

/** Words that say so in front of or behind a value, as in `dev-4f2a…`, and words that stand beside them. */
const MARKERS: ReadonlySet<string> = new Set(
  `dev devel development test tests testing demo local localhost example sample default dummy fake mock staging
  placeholder insecure unsafe change changeme changethis replace replaceme temp temporary ci debug tutorial fixme todo`.split(
    /\s+/,
  ),
);
const LABELS: ReadonlySet<string> = new Set(
  `secret secrets key keys token jwt session cookie signing app my your the this me it for only api auth base value
  password pass sk salt hmac super with random string in`.split(/\s+/),
);

/** Whether all words but one are labels, and one of those says that the value is not meant for production. */
function isLabelled(text: string): boolean {
  const words = text.split(/[-_.:/ ]+/).filter((word) => word !== '');
  const lower = words.map((word) => word.toLowerCase());
  const isLabel = (word: string) => MARKERS.has(word) || LABELS.has(word);
  const values = words.filter((_, at) => !isLabel(lower[at] as string));
  const labels = lower.filter(isLabel);
  if (values.length !== 1 || !labels.some((word) => MARKERS.has(word))) return false;
  // A few letters come about by chance in base64url, where the rest is of both cases.
  return labels.join('').length >= 7 || /^(?:[0-9a-f]+|[a-z0-9]+|[A-Z0-9]+)$/.test(values[0] as string);
}

/** Of templates that nobody filled in, of vaults that nobody opened, of managers that nobody asked. */
const NOT_FILLED_IN: readonly RegExp[] = [
  /\$\{[^}]*\}|\$\([^)]*\)|^\$[A-Z_][A-Z0-9_]*$|^%[A-Z_][A-Z0-9_]*%$/,
  /\{\{.*\}\}|<%.*%>|#\{[^}]*\}|\$\{\{|%\([a-z_]+\)s|^@[A-Z0-9_]+@$|^__[A-Z0-9_]+__$/,
  /^<[^<>]*>$|^\[(?:your|insert|add|enter|put|replace|generate)\b[^\]]*\]$/i,
  /^ENC\[|^ENC\(|^\$ANSIBLE_VAULT;|^!vault|^vault:v\d+:|^AQICAH[A-Za-z0-9+/=]+$|^-----BEGIN (?:PGP|AGE) |^age1[a-z0-9]+$/,
  /^(?:op|vault|sm|ssm|awssm|gcpsm|azurekv|keyvault|doppler|infisical|secretsmanager|ref\+[a-z]+|https?|file|redis|rediss|postgres|postgresql|mysql|mongodb(?:\+srv)?):\/\//i,
  /^arn:aws[a-z-]*:|^projects\/[^/]+\/secrets\/|^@Microsoft\.KeyVault\(|^\{\{?resolve:|^\{?(?:cipher|secret|vault)\}/i,
  /^(?:process\.env|os\.environ|ENV\[|env\(|getenv\(|System\.getenv|import\.meta\.env|secrets\.)/i,
  /x{8,}|\*{5,}|…|\b(?:redacted|censored)\b/i,
  /^openssl rand\b|^(?:npx |keyturn )?keyturn generate$|^python3? -c |^node -e |^head -c |^uuidgen$/i,
];

/** What is handed to everybody: public keys, certificates, and tokens, which are not what they are signed with. */
const PUBLIC: readonly RegExp[] = [
  /^-----BEGIN (?:RSA |EC )?(?:PUBLIC KEY|CERTIFICATE)/,
  /^(?:ssh-(?:rsa|ed25519)|ecdsa-sha2-\S+) AAAA/,
  /^eyJ[A-Za-z0-9_-]{10,}\.(?:eyJ[A-Za-z0-9_-]*|[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*/,
];

/** Nobody writes a longer placeholder. */
const LOOKED_AT = 1024;

/** Why a text cannot be meant as a secret, in words that follow "since". */
export function whyPlaceholder(secret: string): string | undefined {
  const text = secret.slice(0, LOOKED_AT);
  if (NOT_FILLED_IN.some((form) => form.test(text)))
    return 'it is a reference or a template, not the secret itself';
  if (PUBLIC.some((form) => form.test(text)))
    return 'it is a token, a certificate or a public key, which others know';
  if (SAYS_SO.test(text) || isLabelled(text)) return 'it says itself that it is not meant for production';
  return undefined;
}
