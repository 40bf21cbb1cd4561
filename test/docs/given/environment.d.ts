// Variables that an app has, and has told TypeScript of.
declare namespace NodeJS {
  interface ProcessEnv {
    AUTH_SECRET: string;
    BETTER_AUTH_SECRET: string;
    COOKIE_KEY: string;
    COOKIE_SECRET: string;
    CSRF_SECRET: string;
    DATABASE_URL: string;
    JWT_SECRET: string;
    NEXTAUTH_SECRET: string;
    REDIS_URL: string;
    SESSION_PASSWORD: string;
    SESSION_SECRET: string;
  }
}
