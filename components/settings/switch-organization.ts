/** Acts for another organization from now on. The page is loaded again: nothing of the other organization stays in memory. */
export async function switchOrganization(organizationId: string, to = '/projects'): Promise<void> {
  const response = await fetch('/api/organization', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ organizationId }),
  });
  if (!response.ok) throw new Error('This organization is not one of yours any more.');
  window.location.assign(to);
}
