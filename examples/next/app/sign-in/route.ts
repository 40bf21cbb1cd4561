// A route handler. A real app asks for more than a name.
import { kt } from '../../lib/keyturn';

export const POST = (request: Request) =>
  kt.handle(request, async ({ session, flash }) => {
    const name = String((await request.formData()).get('name'));
    session.regenerate();
    session.name = name;
    flash('info', `Welcome ${name}`);
    return new Response(null, { status: 303, headers: { location: '/' } });
  });
