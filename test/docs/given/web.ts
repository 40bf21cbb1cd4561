type Handler = (request: Request) => Response | Promise<Response>;

export const Deno = { serve: (handler: Handler) => handler(new Request('http://localhost/')) };
