import { hostname, networkInterfaces } from 'node:os';

/** The name, or the address, in a `Host` header: without port and brackets, in small letters. Undefined where it is none. */
export function hostNameOf(header: string): string | undefined {
  const found = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header);
  return (found?.[1] ?? found?.[2])?.toLowerCase();
}

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

/**
 * The names that the server answers to. A page of another site that has its own name lead here (DNS rebinding) comes with that name, and is refused.
 * @param bound the address that the server listens at
 */
export function allowedHosts(bound: string, named: readonly string[]): ReadonlySet<string> {
  const loopback = ['localhost', '127.0.0.1', '::1'];
  const own = bound.toLowerCase();
  const isEverywhere = own === '0.0.0.0' || own === '::';
  // An address cannot be made to lead elsewhere, and the machine's own name is nobody else's.
  const ofMachine = isEverywhere
    ? [hostname(), ...Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))]
    : [];
  return new Set([...loopback, ...(isEverywhere ? [] : [own]), ...ofMachine, ...named].map((name) => name.toLowerCase()));
}
