declare module 'astro' {
  export type APIRoute = (context: {
    readonly request: Request;
    readonly locals: App.Locals;
    redirect(path: string, status: number): Response;
  }) => Response | Promise<Response>;
}
