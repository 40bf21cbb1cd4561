export { default } from '@auth/core/providers/github';
