// Without types of its own, and as far as the page uses it: as @types/passport-jwt has it.
declare module 'passport-jwt' {
  type Done = (error: any, secretOrKey?: string | Buffer) => void;
  interface Options {
    jwtFromRequest(request: any): string | null;
    secretOrKeyProvider(request: any, token: any, done: Done): void;
    algorithms: string[];
  }
  type Verify = (payload: any, done: (error: null, user: object) => void) => void;
  export class Strategy {
    constructor(options: Options, verify: Verify);
  }
}
