// What is not installed here, as far as the page uses it.
declare module '@tanstack/react-router' {
  interface Context {
    readonly request: Request;
    readonly context: { readonly visit: import('keyturn/web').WebVisit };
  }
  interface Options<Data> {
    loader?: () => Promise<Data>;
    component?: () => object;
    server?: { handlers: { POST: (context: Context) => Response | Promise<Response> } };
  }
  export function createFileRoute(path: string): <Data>(options: Options<Data>) => { useLoaderData(): Data };
}
declare module '@tanstack/react-start' {
  interface Result {
    readonly response: Response;
  }
  interface Step {
    readonly request: Request;
    next(options: { context: object }): Promise<Result>;
  }
  interface Called {
    readonly context: { readonly visit: import('keyturn/web').WebVisit };
  }
  export function createMiddleware(): { server(handler: (step: Step) => Promise<Result>): object };
  export function createCsrfMiddleware(options: {
    filter: (request: { handlerType: string }) => boolean;
  }): object;
  export function createStart(options: () => { requestMiddleware: object[] }): object;
  export function createServerFn(): { handler<T>(run: (called: Called) => T): () => Promise<T> };
}
declare module '@tanstack/react-start/plugin/vite' {
  export function tanstackStart(): object;
}
declare module '@vitejs/plugin-react' {
  export default function viteReact(): object;
}
declare module 'nitro' {
  export function definePlugin(plugin: () => Promise<void>): object;
}
declare module 'nitro/vite' {
  export function nitro(options: { traceDeps: string[]; plugins: string[] }): object;
}
declare module 'vite' {
  export function defineConfig(config: { plugins: object[] }): object;
}
declare namespace JSX {
  type Element = object;
  interface IntrinsicElements {
    form: { method: string; action: string; children?: unknown };
    input: { name: string; required?: boolean };
    button: { children?: unknown };
  }
}
