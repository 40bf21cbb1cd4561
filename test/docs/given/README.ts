export const user = { id: 42, passwordHash: '$argon2id$…' };
export const users = { hashOf: async (_id: number): Promise<string | undefined> => user.passwordHash };
