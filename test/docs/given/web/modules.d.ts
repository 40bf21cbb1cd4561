// Frameworks that are not installed here, as far as the page uses them. `npm run test:examples` runs the same in the real
// Next and React Router.
declare module 'next/headers' {
  type Cookies = { readonly name: string; readonly value: string };
  export function cookies(): Promise<{
    get(name: string): Cookies | undefined;
    getAll(): Cookies[];
    set(name: string, value: string, options?: object): unknown;
  }>;
  export function headers(): Promise<Headers>;
}
declare module 'next/navigation' {
  export function redirect(url: string): never;
}
declare module 'next/server' {
  export class NextRequest extends Request {}
  export class NextResponse extends Response {
    static next(): NextResponse;
  }
}
declare module 'react-router' {
  interface Context<T> {
    readonly defaultValue?: T;
  }
  export function createContext<T>(): Context<T>;
  export interface RouterContextProvider {
    get<T>(context: Context<T>): T;
    set<T>(context: Context<T>, value: T): void;
  }
  export interface ActionFunctionArgs {
    readonly request: Request;
    readonly context: RouterContextProvider;
  }
  export type MiddlewareFunction<Result> = (
    args: ActionFunctionArgs,
    next: () => Promise<Result>,
  ) => Promise<Result>;
  export function redirect(url: string): Response;
}
declare module '@sveltejs/kit/hooks' {
  interface Event {
    readonly request: Request;
    readonly locals: App.Locals;
  }
  export type Handle = (input: {
    event: Event;
    resolve(event: Event): Response | Promise<Response>;
  }) => Response | Promise<Response>;
  export type ServerInit = () => void | Promise<void>;
}
declare module 'astro:middleware' {
  interface Context {
    readonly request: Request;
    readonly isPrerendered: boolean;
    readonly locals: App.Locals;
  }
  type Handler = (context: Context, next: () => Promise<Response>) => Response | Promise<Response>;
  export function defineMiddleware(handler: Handler): Handler;
}
// What Nuxt hands to the code of its server without an import.
interface NuxtEvent {
  readonly method: string;
  readonly path: string;
}
declare function defineEventHandler<T>(handler: (event: NuxtEvent) => T): typeof handler;
declare function toWebRequest(event: NuxtEvent): Request;
declare function setCookie(event: NuxtEvent, name: string, value: string, attributes: object): void;
declare function defineNitroPlugin(plugin: () => void): object;
declare module 'h3' {
  export class H3 {
    get(path: string, handler: (event: { readonly req: Request }) => Promise<Response>): void;
  }
  export function serve(app: H3): void;
}
declare module '@tanstack/react-router' {
  interface Options {
    server: { handlers: { POST: (context: { request: Request }) => Response | Promise<Response> } };
  }
  export function createFileRoute(path: string): (options: Options) => object;
}
declare module '@tanstack/react-start' {
  interface Result {
    readonly response: Response;
  }
  interface Step {
    readonly request: Request;
    next(options: { context: object }): Promise<Result>;
  }
  export function createMiddleware(): { server(handler: (step: Step) => Promise<Result>): object };
  export function createCsrfMiddleware(options: {
    filter: (request: { handlerType: string }) => boolean;
  }): object;
  export function createStart(options: () => { requestMiddleware: object[] }): object;
}
declare module '@tanstack/react-start/server-entry' {
  const handler: object;
  export default handler;
}
declare namespace App {
  interface Locals {
    visit: import('keyturn/web').WebContext;
  }
}
declare namespace JSX {
  type Element = object;
  interface IntrinsicElements {
    p: { children?: unknown };
  }
}
