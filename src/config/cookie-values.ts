// The kinds of value under [session.cookie]: what browsers would drop, or never send back, is refused at the start.
import { type Kind, textKind } from './value.js';

/** What browsers would not take. */
function cookieKind(expects: string, fits: (text: string) => boolean): Kind<string> {
  return { ...textKind(expects, fits), code: 'cookie_invalid' };
}

/** A token of RFC 9110, section 5.6.2, as RFC 6265, section 4.1.1 asks of a name. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]{1,64}$/;
/** Browsers ask something of cookies with these prefixes (RFC 6265bis, section 5.7), whatever their case. */
const PREFIX = /^__(?:host|secure|http|host-http)-/i;

export const cookieName: Kind<string> = cookieKind(
  "a text of letters, digits and !#$%&'*+-.^_`|~, 64 characters at most, without __Host- or __Secure-",
  (raw) => TOKEN.test(raw) && !PREFIX.test(raw),
);

/**
 * Fields that browsers write by themselves, and those that pages of other sites may write unasked (the CORS-safelisted
 * ones), have other names: https://fetch.spec.whatwg.org/#cors-safelisted-request-header
 */
export const fieldName: Kind<string> = textKind(
  'the name of a header field of the app\'s own, with "x-" in front, such as "x-session"; not x-csrf-token, x-xsrf-token or x-forwarded-…',
  (raw) => /^x-[a-z0-9][a-z0-9-]{0,60}$/i.test(raw) && !/^x-(?:csrf-|xsrf-|forwarded-)/i.test(raw),
);

/**
 * What a browser's own path can begin with (RFC 6265, section 5.1.4, compares texts): it is normalized, and the rest is
 * percent-encoded there. A path without a slash in front is ignored, and the folder of each page taken instead.
 */
const PATH = /^(?:\/[\w!$%&'()*+,:=@~.-]*)+$/;
const DOTS = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;
const LONGEST_PATH = 512;

export const cookiePath: Kind<string> = cookieKind(
  'a path as it stands in a URL, with "/" in front: "/", "/app"',
  (raw) => raw.length <= LONGEST_PATH && PATH.test(raw) && !DOTS.test(raw),
);

const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/**
 * A host name. The only one of a single label is `localhost`: browsers take no cookie for a whole top-level domain, nor for a
 * network address under other hosts.
 */
export const cookieDomain: Kind<string> = cookieKind(
  'a domain such as "example.com": letters, digits, hyphens and dots, no scheme, port, path or wildcard',
  (raw) => {
    const labels = raw.replace(/^\./, '').split('.');
    if (raw.length > 253 || !labels.every((label) => LABEL.test(label))) return false;
    const [first = ''] = labels;
    if (labels.length === 1) return first.toLowerCase() === 'localhost';
    // No top-level domain is a number: what ends in one is read as an address.
    return !/^(?:\d+|0x[\da-f]*)$/i.test(labels.at(-1) as string);
  },
);
