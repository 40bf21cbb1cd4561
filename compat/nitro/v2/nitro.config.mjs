export default { preset: 'node-server', compatibilityDate: '2026-11-01' };
