/** `npm run synth` and `cdk deploy`: the stacks of one stage. Settings come from the CDK's context: `-c stage=prod -c issuer=https://…`. */
import { App } from 'aws-cdk-lib';
import { addStacks, readDeployment } from './deployment.ts';

const app = new App();
try {
  addStacks(app, readDeployment(app.node.getAllContext()));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
app.synth();
