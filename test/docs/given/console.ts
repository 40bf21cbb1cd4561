export const users = {
  find: async (_name: string | undefined) => ({ name: 'ada', isOperator: true, isOnCall: true }),
};
