/** `/proxy` behind a function URL that streams, where assets are larger than an answer behind the API may be. */
import { Duration } from 'aws-cdk-lib';
import { FunctionUrlAuthType, InvokeMode, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { addAnswering } from './function.ts';
import type { IbOauthStackProps } from './props.ts';
import type { Storage } from './storage.ts';

export interface Streaming {
  readonly stream: LambdaFunction;
  /** Public base URL of the function. */
  readonly url: string;
}

/** Adds the function and its URL. Nothing throttles a function URL but the concurrency reserved for it: as many transfers at once. */
export function addStreaming(
  scope: Construct,
  props: IbOauthStackProps,
  storage: Storage,
  transfers: number,
): Streaming {
  const stream = addAnswering(scope, props, storage, {
    id: 'Stream',
    functionName: `ib-oauth-stream-${props.stage}`,
    description: 'Large bodies through the proxy of ib-oauth',
    module: 'lambda/stream',
    // As long as Lambda allows: 200 MB at 2 MB/s take two minutes, and not every app reads as fast.
    timeout: Duration.minutes(15),
    trustedProxies: 1,
    reservedConcurrentExecutions: transfers,
  });
  // The bearer token is the permission; a signature of AWS's would take the place of its header.
  const { url } = stream.addFunctionUrl({
    authType: FunctionUrlAuthType.NONE,
    invokeMode: InvokeMode.RESPONSE_STREAM,
  });
  return { stream, url };
}
