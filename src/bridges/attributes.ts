// Attributes of cookies as libraries keep them, written into a line of Set-Cookie.

/** As libraries keep them beside a cookie. */
export interface CookieAttributes {
  readonly secure?: boolean | undefined;
  readonly httpOnly?: boolean | undefined;
  readonly partitioned?: boolean | undefined;
  /** `true` is what some take for strict. */
  readonly sameSite?: string | boolean | undefined;
  readonly path?: string | undefined;
  readonly domain?: string | undefined;
}

/** With the semicolon in front; empty where there are none. When a cookie ends is up to whoever writes it. */
export function attributesText(attributes: CookieAttributes): string {
  const { domain, path, sameSite, httpOnly, secure, partitioned } = attributes;
  const site = sameSite === true ? 'strict' : sameSite;
  const texts = [
    domain && `Domain=${domain}`,
    path && `Path=${path}`,
    httpOnly && 'HttpOnly',
    secure && 'Secure',
    site && `SameSite=${site.slice(0, 1).toUpperCase()}${site.slice(1).toLowerCase()}`,
    partitioned && 'Partitioned',
  ];
  return texts
    .filter((text) => text)
    .map((text) => `; ${text}`)
    .join('');
}
