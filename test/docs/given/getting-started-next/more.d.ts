declare namespace JSX {
  interface IntrinsicElements {
    html: { lang: string; children?: unknown };
    body: { children?: unknown };
    form: { method: string; action: string; children?: unknown };
    input: { name: string; required?: boolean };
    button: { type: 'submit'; children?: unknown };
  }
}
declare namespace React {
  type ReactNode = unknown;
}
