export const users = { find: async (id: unknown) => ({ id }) };
