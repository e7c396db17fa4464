/** What Secrets Manager calls to make the server's keys, and to rotate them. */
import { createSecretsManagerRotation } from '../../adapters/secrets/manager-rotation.ts';

/** What Lambda calls. */
export const handler = createSecretsManagerRotation();
