// What the real libraries make of a value: a signed cookie as it stands in the header, or what they answer for one.

/** @param load imports a package of compat/neighbours */
export async function realLibraries(load) {
  const { default: cookieSignature } = await load('cookie-signature');
  const { default: Keygrip } = await load('keygrip');
  const { default: fastifyCookie } = await load('@fastify/cookie');
  const { serializeSigned, parseSigned } = await load('hono/utils/cookie');
  const { createCookie } = await load('react-router');

  const grip = (hash) => ({
    sign: (name, value, key) => new Keygrip([key], hash).sign(`${name}=${value}`),
    verify: (name, value, key, signature) => new Keygrip([key], hash).verify(`${name}=${value}`, signature),
  });
  const nameless = (value) => value.slice(value.indexOf('=') + 1).split(';')[0];

  return {
    'cookie-signature': {
      sign: (_name, value, key) => encodeURIComponent(cookieSignature.sign(value, key)),
      verify: (_name, cookie, key) => cookieSignature.unsign(decodeURIComponent(cookie), key),
    },
    express: {
      sign: (_name, value, key) => encodeURIComponent(`s:${cookieSignature.sign(value, key)}`),
      verify: (_name, cookie, key) => cookieSignature.unsign(decodeURIComponent(cookie).slice(2), key),
    },
    '@fastify/cookie': {
      sign: (_name, value, key) => encodeURIComponent(fastifyCookie.sign(value, key)),
      verify: (_name, cookie, key) => {
        const { valid, value } = fastifyCookie.unsign(decodeURIComponent(cookie), key);
        return valid ? value : false;
      },
    },
    hono: {
      sign: async (name, value, key) => nameless(await serializeSigned(name, value, key)),
      verify: async (name, cookie, key) => (await parseSigned(`${name}=${cookie}`, key, name))[name],
    },
    // Signs base64 of JSON: the value here is what it signs.
    'react-router': {
      sign: async (name, value, key) =>
        nameless(await createCookie(name, { secrets: [key] }).serialize(JSON.parse(atob(value)))),
      verify: async (name, cookie, key) => {
        const found = await createCookie(name, { secrets: [key] }).parse(`${name}=${cookie}`);
        return found === null ? false : btoa(JSON.stringify(found));
      },
    },
    keygrip: grip('sha1'),
    'keygrip-sha256': grip('sha256'),
  };
}
