/** What the address of the server says about the way to it. */

/** the server runs on this very computer; others do not reach it by this address */
export function isHere(server: string): boolean {
  const host = hostOf(server)
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.')
}
/** readable to whoever listens on the way: only for a network one trusts */
export function isPlain(server: string): boolean {
  return server.startsWith('http://') && !isHere(server)
}
export function portOf(server: string): string {
  return URL.canParse(server) ? new URL(server).port : ''
}
function hostOf(server: string): string {
  return URL.canParse(server) ? new URL(server).hostname : ''
}
