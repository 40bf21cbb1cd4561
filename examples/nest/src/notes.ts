// The app, the same on both platforms of Nest. A real one asks for more than a name at sign-in.
import {
  Body,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  Header,
  Module,
  Post,
  Redirect,
  Req,
  Session,
} from '@nestjs/common';
import type { Flash, Session as KeyturnSession } from 'keyturn/http';

interface Visitor {
  readonly flash: Flash;
}

/** Express has it on the request, Fastify on the reply. */
const CsrfToken = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const http = context.switchToHttp();
  const request = http.getRequest();
  return 'csrfToken' in request ? request.csrfToken() : http.getResponse().csrfToken();
});

@Controller()
class NotesController {
  @Get()
  @Header('content-type', 'text/html')
  page(@Session() session: KeyturnSession, @Req() visitor: Visitor, @CsrfToken() token: string): string {
    const { name, notes = [] } = session as { name?: string; notes?: string[] };
    const form = (action: string, content: string) => `<form method="post" action="${action}">
      <input type="hidden" name="_csrf" value="${token}">${content}</form>`;
    const messages = visitor.flash('info').map((text) => `<p role="status">${safe(text)}</p>`);
    const content =
      name === undefined
        ? form('/sign-in', field('name', 'Name', 'Sign in'))
        : `<h1>Notes of ${safe(name)}</h1>
          <ul>${notes.map((note) => `<li>${safe(note)}</li>`).join('')}</ul>
          ${form('/notes', field('note', 'Note', 'Add'))}${form('/sign-out', '<button>Sign out</button>')}`;
    return `<!doctype html><title>Notes</title>${messages.join('')}${content}`;
  }

  @Post('sign-in')
  @Redirect('/', 303)
  async signIn(@Session() session: KeyturnSession, @Req() visitor: Visitor, @Body() body: { name: string }) {
    await session.regenerate();
    session.name = body.name;
    visitor.flash('info', `Welcome ${body.name}`);
  }

  @Post('notes')
  @Redirect('/', 303)
  addNote(@Session() session: KeyturnSession, @Req() visitor: Visitor, @Body() body: { note: string }) {
    session.notes = [...((session.notes as string[] | undefined) ?? []), body.note];
    visitor.flash('info', 'Saved');
  }

  @Post('sign-out')
  @Redirect('/', 303)
  signOut(@Session() session: KeyturnSession, @Req() visitor: Visitor) {
    session.destroy();
    visitor.flash('info', 'Goodbye');
  }
}

@Module({ controllers: [NotesController] })
export class NotesModule {}

function field(name: string, label: string, button: string): string {
  return `<label>${label} <input name="${name}" required></label> <button>${button}</button>`;
}

function safe(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
