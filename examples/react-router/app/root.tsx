import { Links, Meta, Outlet, Scripts } from 'react-router';
import { sessions } from './session.server';

export const middleware = [sessions];

export default function Root() {
  return (
    <html lang="en">
      <head>
        <title>Notes</title>
        <Meta />
        <Links />
      </head>
      <body>
        <Outlet />
        <Scripts />
      </body>
    </html>
  );
}
