declare module '@nestjs/common' {
  export const Get: (path?: string) => MethodDecorator;
  export const Header: (name: string, value: string) => MethodDecorator;
  export const Req: () => ParameterDecorator;
}
