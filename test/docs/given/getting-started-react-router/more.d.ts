declare module 'react-router' {
  export function Form(props: { method: string; children?: unknown }): object;
}
declare namespace JSX {
  interface IntrinsicElements {
    input: { name: string; required?: boolean };
    button: { type: 'submit'; name?: string; value?: string; children?: unknown };
  }
}
