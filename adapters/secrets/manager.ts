/** A secret in AWS Secrets Manager that holds the server's keys. The SDK is loaded by its first call only. */
import { SecretsError } from './error.ts';

const CONNECT_TIMEOUT_MS = 2000;
const REQUEST_TIMEOUT_MS = 3000;
/** A function reads its keys anew while a request waits. */
const MOST_ATTEMPTS = 2;

/** What is stored, and whether a rotation of the service's own is under way, which would undo a change. */
export interface ManagedText {
  readonly text: string;
  readonly isRotating: boolean;
}

export interface ManagedSecret {
  /** Throws `SecretsError`. */
  read(): Promise<{ readonly text: string }>;
  /** The same, for who is about to change it. */
  readToChange(): Promise<ManagedText>;
  /** Makes a text the current one. Throws `SecretsError`. */
  write(text: string): Promise<void>;
}

/** Opens a secret by its ARN; nothing is called until it is used. */
export function openManagedSecret(arn: string): ManagedSecret {
  type Sdk = typeof import('@aws-sdk/client-secrets-manager');
  type Client = InstanceType<Sdk['SecretsManagerClient']>;

  async function call<T>(
    code: 'secrets_unreadable' | 'secrets_unwritable',
    work: (client: Client, sdk: Sdk) => Promise<T>,
  ): Promise<T> {
    // Only here, so that a start without an ARN does not pay for loading it.
    const sdk = await import('@aws-sdk/client-secrets-manager');
    const region = arn.split(':')[3];
    const client = new sdk.SecretsManagerClient({
      ...(region === undefined ? {} : { region }),
      maxAttempts: MOST_ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    });
    try {
      return await work(client, sdk);
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown error';
      const verb = code === 'secrets_unreadable' ? 'read' : 'written';
      throw new SecretsError(code, [`${arn}: cannot be ${verb} (${name})`], error);
    } finally {
      client.destroy();
    }
  }

  const read = () =>
    call('secrets_unreadable', async (client, { GetSecretValueCommand }) => {
      const answer = await client.send(new GetSecretValueCommand({ SecretId: arn }));
      return { text: answer.SecretString ?? new TextDecoder().decode(answer.SecretBinary) };
    });

  return {
    read,
    async readToChange() {
      const { VersionIdsToStages = {} } = await call(
        'secrets_unreadable',
        async (client, { DescribeSecretCommand }) =>
          client.send(new DescribeSecretCommand({ SecretId: arn })),
      );
      // The service leaves `AWSPENDING` beside `AWSCURRENT` when it is done.
      const isRotating = Object.values(VersionIdsToStages).some(
        (stages) => stages.includes('AWSPENDING') && !stages.includes('AWSCURRENT'),
      );
      return { ...(await read()), isRotating };
    },
    async write(text) {
      await call('secrets_unwritable', async (client, { PutSecretValueCommand }) =>
        client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: text })),
      );
    },
  };
}
