// Components set no cookies. So sessions are kept alive here, and messages are taken for the page that shows them.
import { type NextRequest, NextResponse } from 'next/server';
import { kt } from './lib/keyturn';

export const proxy = (request: NextRequest) =>
  kt.handle(request, ({ flash }) => {
    const headers = new Headers(request.headers);
    const messages = request.method === 'GET' ? flash('info') : [];
    headers.set('x-messages', encodeURIComponent(JSON.stringify(messages)));
    return NextResponse.next({ request: { headers } });
  });

export const config = {
  matcher: [
    {
      source: '/((?!_next/static|_next/image|favicon.ico).*)',
      missing: [{ type: 'header', key: 'next-router-prefetch' }],
    },
  ],
};
