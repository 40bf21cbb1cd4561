// What a secret is an encoding of: hex, base64 and base64url, with what people put around them.

/** The bytes that a text of hex digits stands for, separators and prefixes of bytes left out; an odd digit is dropped. */
export function hexDigitsOf(text: string): string | undefined {
  const digits = text.replace(/^(?:0x|\\x)|[\s\-_:.,]+(?:0x|\\x)?|\\x/gi, '');
  return /^[0-9a-f]{2,}$/i.test(digits) ? digits : undefined;
}

/** What a text of hex digits, base64 or base64url stands for. */
export function decoded(text: string): Uint8Array | undefined {
  const digits = hexDigitsOf(text);
  if (digits !== undefined) return Buffer.from(digits.slice(0, digits.length & ~1), 'hex');
  const base64 = text.replace(/^base64:/i, '').replace(/=+$/, '');
  const isBase64 = /^[A-Za-z0-9+/]{4,}$/.test(base64) || /^[A-Za-z0-9_-]{4,}$/.test(base64);
  return isBase64 ? Buffer.from(base64, 'base64') : undefined;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The text that bytes stand for, if they are one. */
export function textOf(bytes: Uint8Array): string | undefined {
  // Of random bytes nearly all are sorted out here, and none by an exception.
  if (bytes.some((byte) => (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) || byte === 0x7f))
    return undefined;
  try {
    const text = UTF8.decode(bytes).trim();
    return text === '' || /[\u0000-\u001f\u007f-\u009f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}
