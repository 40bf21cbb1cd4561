declare module '@sveltejs/kit' {
  export function redirect(status: number, location: string): never;
}
