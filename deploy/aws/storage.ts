/** Both tables, their key, and the secret with the server's own keys. */
import { Duration, RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  type ITableV2,
  ProjectionType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { NOT_YET_MADE } from '../../adapters/secrets/manager-rotation.ts';
import { SUBJECT_INDEX, TTL_ATTRIBUTE } from '../../adapters/store/engines/dynamodb-tables.ts';
import { ENV } from '../../config/env.ts';
import type { IbOauthStackProps } from './props.ts';

/** What the rest of the stack needs of a table. */
type Table = Pick<ITableV2, 'tableName' | 'grant'>;

export interface Storage {
  readonly state: Table;
  readonly tokens: Table;
  readonly secret: Secret;
  /** Lets a function use all of it, and says so in its environment: a permission and its variable come together. */
  grantTo(target: IGrantable & { addEnvironment(name: string, value: string): unknown }): void;
}

/** What the request path calls; no Scan among them. */
const ACTIONS = [
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
  'dynamodb:Query',
];

/** Adds the tables of a stage. In production they are protected from deletion and kept when the stack goes. */
export function addStorage(scope: Construct, { stage, restored = {} }: IbOauthStackProps): Storage {
  const isProduction = stage === 'prod';
  const removalPolicy = isProduction ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  const key = new Key(scope, 'Key', {
    description: `ib-oauth ${stage}: tables and secret`,
    enableKeyRotation: true,
    pendingWindow: Duration.days(30),
    removalPolicy,
  });
  const shared = {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    billing: Billing.onDemand(),
    timeToLiveAttribute: TTL_ATTRIBUTE,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    encryption: TableEncryptionV2.customerManagedKey(key),
    deletionProtection: isProduction,
    removalPolicy,
  };
  const ownState = new TableV2(scope, 'StateTable', { ...shared, tableName: `ib-oauth-state-${stage}` });
  const ownTokens = new TableV2(scope, 'TokenTable', {
    ...shared,
    tableName: `ib-oauth-tokens-${stage}`,
    globalSecondaryIndexes: [
      {
        indexName: SUBJECT_INDEX,
        partitionKey: { name: 'subject', type: AttributeType.STRING },
        projectionType: ProjectionType.INCLUDE,
        nonKeyAttributes: ['summary', 'expires', 'lastUsedAt'],
      },
    ],
  });
  /** A restored table stands beside the stack's own, which is left as it is. */
  const inPlaceOf = (own: TableV2, tableName: string | undefined, indexes: string[]): Table =>
    tableName === undefined
      ? own
      : TableV2.fromTableAttributes(scope, `Restored${own.node.id}`, {
          tableName,
          encryptionKey: key,
          globalIndexes: indexes,
        });
  const state = inPlaceOf(ownState, restored.stateTable, []);
  const tokens = inPlaceOf(ownTokens, restored.tokenTable, [SUBJECT_INDEX]);
  // The rotation makes its content when the stack is deployed, and replaces nothing but this.
  const secret = new Secret(scope, 'Secrets', {
    secretName: `ib-oauth-${stage}`,
    description: 'Signing keys, cookie keys and pepper of ib-oauth',
    encryptionKey: key,
    secretStringValue: SecretValue.unsafePlainText(NOT_YET_MADE),
    removalPolicy,
  });
  return {
    state,
    tokens,
    secret,
    grantTo(target) {
      state.grant(target, ...ACTIONS.filter((action) => action !== 'dynamodb:Query'));
      tokens.grant(target, ...ACTIONS);
      key.grantEncryptDecrypt(target);
      secret.grantRead(target);
      target.addEnvironment(ENV.stateTable, state.tableName);
      target.addEnvironment(ENV.tokenTable, tokens.tableName);
      target.addEnvironment(ENV.secretsArn, secret.secretArn);
    },
  };
}
