// Refuses to start without a secret in production: Next itself would go on, and answer every request with an error.
export async function register() {
  if (process.env.NEXT_RUNTIME === 'nodejs') {
    try {
      const { kt } = await import('./lib/keyturn');
      await kt.ready();
    } catch (error) {
      console.error(error);
      process.exit(1);
    }
  }
}
