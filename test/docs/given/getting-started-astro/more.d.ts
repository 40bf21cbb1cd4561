declare module 'astro' {
  export type APIRoute = (context: {
    readonly request: Request;
    readonly locals: App.Locals;
    redirect(path: string, status: number): Response;
  }) => Response | Promise<Response>;
}
declare module 'astro/config' {
  export function defineConfig(config: {
    adapter: object;
    security?: { allowedDomains?: ReadonlyArray<{ protocol: string; hostname: string }> };
  }): object;
}
declare module '@astrojs/node' {
  export default function node(options: { mode: 'standalone' | 'middleware' }): object;
}
declare module '*/server/entry.mjs' {}
