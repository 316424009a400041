import { vi } from 'vitest';
import type { Credentials } from './signature.js';

export const CREDENTIALS: Credentials = { accessKeyId: 'millrace-test', secretAccessKey: 'a/test+secret' };

/** What the SDK's chain finds in this test, and nothing of what the developer has set: profiles, roles, regions, endpoints. */
export function useCredentials({ accessKeyId, secretAccessKey, sessionToken }: Credentials = CREDENTIALS): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(credentialsEnv())) vi.stubEnv(name, value);
  vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', sessionToken);
}

/** The same for a process that a test starts. */
export function credentialsEnv(): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
  };
}
