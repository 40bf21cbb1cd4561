export const sub = '42';
