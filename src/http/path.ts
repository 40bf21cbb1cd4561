// The path that was asked for, the same for every adapter: as it stands in the URL, and nothing of it decoded.

/** @param url with scheme and host, as proxies and Fetch have it, or without */
export function pathOf(url = ''): string {
  const local = url.startsWith('/') ? url : url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '');
  const end = local.search(/[?#]/);
  const path = end === -1 ? local : local.slice(0, end);
  return path === '' && url !== '' ? '/' : path;
}
