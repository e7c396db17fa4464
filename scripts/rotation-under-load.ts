/**
 * Rotates all keys through every step under load, on both engines:
 * `npm run load:rotation -- [users for each step and process]`.
 */
import { rotateUnderLoad } from '../test/support/rotation-load.ts';

const PROCESSES = 3;
const AT_ONCE = 6;
/** 81 users in all, who sign in 162 times and refresh 162 times. */
const USERS = 9;

const users = Number(process.argv[2] ?? USERS);
const asked = PROCESSES * 3 * users * 4;
for (const storage of ['embedded', 'dynamodb'] as const) {
  const load = { storage, processes: PROCESSES, users, atOnce: AT_ONCE };
  const { signIns, refreshes, failures, steps } = await rotateUnderLoad(load);
  for (const said of steps) process.stdout.write(`${said}\n`);
  for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
  process.stdout.write(
    `${storage}, ${PROCESSES} processes, 3 steps: ${signIns} sign-ins and ${refreshes} refreshes of ${asked}, ` +
      `${failures.length} users failed\n\n`,
  );
  if (failures.length > 0 || signIns + refreshes !== asked) process.exitCode = 1;
}
