/** Runs once when the server starts, before it answers. A server whose start fails ends: it could only answer with errors. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== 'nodejs' || process.env.NEXT_PHASE === 'phase-production-build') return;
  const { startServices } = await import('@/server/jobs/start-services');
  try {
    await startServices();
  } catch (error) {
    console.error('Plumbline could not start:', error);
    process.exit(1);
  }
}
