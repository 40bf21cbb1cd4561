import { kt } from '../../lib/keyturn';

export const POST = (request: Request) =>
  kt.handle(request, ({ session, flash }) => {
    session.destroy();
    flash('info', 'Goodbye');
    return new Response(null, { status: 303, headers: { location: '/' } });
  });
