interface Event {
  readonly request: Request;
  readonly locals: App.Locals;
}
export type PageServerLoad = (event: Event) => object;
export type Actions = Readonly<Record<string, (event: Event) => Promise<void> | void>>;
